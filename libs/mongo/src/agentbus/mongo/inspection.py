"""The stored documents as they are, damaged ones too, and writes that mend them. The log says what is right.

Called by `agentbus verify` (reads alone) and `agentbus rebuild messages`, beside running persisters: every
write sets what the log says, or takes away what contradicts it, so it may be repeated and race at will.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from agentbus.mongo.client import Database, Document
from agentbus.mongo.document import decode, encode
from agentbus.mongo.errors import translated
from agentbus.mongo.messages import COLLECTION as MESSAGES
from agentbus.mongo.messages import NATIVE as MESSAGE_NATIVE
from agentbus.mongo.plans import COLLECTION as PLANS
from agentbus.mongo.plans import NATIVE as PLAN_NATIVE

_BATCH: int = 1000


class Inspection:
    """Both collections. Calls raise Transient when the database is away, Invalid for what it cannot hold."""

    def __init__(self, database: Database) -> None:
        self._messages = database.collection(MESSAGES)
        self._plans = database.collection(PLANS)

    async def messages(self, plan_id: str) -> AsyncIterator[tuple[Any, dict[str, Any]]]:
        """Yields every document of the plan, in no order: its `_id`, and the message that it holds."""
        with translated():
            async for document in self._messages.find({"plan_id": plan_id}).batch_size(_BATCH):
                yield document.pop("_id"), decode(document)

    async def plan(self, plan_id: str) -> dict[str, Any] | None:
        """Returns the plan's document, or None."""
        with translated():
            document = await self._plans.find_one({"_id": plan_id})
        return None if document is None else decode(document)

    async def plan_ids(self) -> AsyncIterator[str]:
        """Yields the plan of every document of both collections, so mostly many times the same."""
        for collection, name in ((self._messages, "plan_id"), (self._plans, "_id")):
            with translated():
                async for document in collection.find({}, {name: True}).batch_size(_BATCH):
                    yield str(document.get(name, ""))

    async def put_message(self, message: dict[str, Any]) -> None:
        """Makes the document of this `message_id` equal to `message`, whether or not there is one.

        Raises Duplicate while another document has its (`plan_id`, `seq`).
        """
        await _put(self._messages, encode(message["message_id"], message, native=MESSAGE_NATIVE))

    async def put_plan(self, plan: dict[str, Any], *, instead_of: dict[str, Any] | None) -> bool:
        """Saves the plan in place of the document `instead_of`; False when that has moved on since."""
        value = {key: field for key, field in plan.items() if key != "_id"}
        document = encode(plan["plan_id"], value, native=PLAN_NATIVE)
        if instead_of is None:
            await _put(self._plans, document)
            return True
        read = {"_id": document["_id"], "last_seq": instead_of.get("last_seq")}
        with translated():
            return (await self._plans.replace_one(read, document)).matched_count > 0

    async def delete_messages(self, identities: Sequence[Any]) -> int:
        """Deletes the documents with these `_id`s; returns how many there were."""
        deleted = 0
        for start in range(0, len(identities), _BATCH):
            wanted = {"_id": {"$in": list(identities[start : start + _BATCH])}}
            with translated():
                deleted += (await self._messages.delete_many(wanted)).deleted_count
        return deleted

    async def delete_plan(self, plan_id: str) -> None:
        """Deletes the plan's document."""
        with translated():
            await self._plans.delete_one({"_id": plan_id})


async def _put(collection: Any, document: Document) -> None:
    with translated():
        await collection.replace_one({"_id": document["_id"]}, document, upsert=True)
