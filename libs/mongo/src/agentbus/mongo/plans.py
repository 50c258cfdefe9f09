"""The stored plans: what each plan's messages tell so far (A3.1).

A plan never goes back to an older `last_seq`, whoever saves last. Written by the persister alone; read by the
plan service and the gateway.
"""

from typing import Any, Final, NamedTuple

from pymongo import ASCENDING, DESCENDING

from agentbus.kernel.errors import Duplicate
from agentbus.mongo.client import Database, Document
from agentbus.mongo.document import decode, encode
from agentbus.mongo.errors import translated

COLLECTION: Final = "plans"

NATIVE: Final = frozenset(
    {"_id", "plan_id", "workspace_id", "session_id", "status", "created_at", "last_seq"}
)


class PlanCursor(NamedTuple):
    """A place in the list of plans: the last one that was seen."""

    created_at: str
    plan_id: str


class PlanStore:
    """The `plans` collection. Every call raises Transient when the database is away."""

    def __init__(self, database: Database) -> None:
        self._plans = database.collection(COLLECTION)

    async def ensure_indexes(self) -> None:
        """Creates the index behind `page`; safe to repeat."""
        keys = [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)]
        with translated():
            await self._plans.create_index(keys)

    async def get(self, plan_id: str) -> dict[str, Any] | None:
        """Returns the plan as it was saved, or None."""
        with translated():
            document = await self._plans.find_one({"_id": plan_id})
        return None if document is None else decode(document)

    async def save(self, plan: dict[str, Any]) -> None:
        """Saves the plan, unless a newer state of it (a greater `last_seq`) is stored.

        Atomic on MongoDB. FerretDB 1.24 reads and writes in two steps, so two processes that save one plan
        within the same millisecond can undo each other there; the log has one writer a plan, so they do not.
        Raises Invalid when the database cannot hold it.
        """
        value = {key: field for key, field in plan.items() if key != "_id"}
        document = encode(plan["plan_id"], value, native=NATIVE)
        if not (await self._replace_older(document) or await self._insert(document)):
            await self._replace_older(document)

    async def _replace_older(self, document: Document) -> bool:
        older = {"_id": document["_id"], "last_seq": {"$lt": document["last_seq"]}}
        with translated():
            return (await self._plans.replace_one(older, document)).matched_count > 0

    async def _insert(self, document: Document) -> bool:
        try:
            with translated():
                await self._plans.insert_one(document)
        except Duplicate:
            return False
        return True

    async def page(
        self,
        workspace_id: str,
        session_id: str | None = None,
        status: str | None = None,
        limit: int = 50,
        before: PlanCursor | None = None,
    ) -> list[dict[str, Any]]:
        """Returns up to `limit` plans, newest first, those after `before` in that order."""
        query: Document = {"workspace_id": workspace_id}
        if session_id is not None:
            query["session_id"] = session_id
        if status is not None:
            query["status"] = status
        if before is not None:
            query["$or"] = [
                {"created_at": {"$lt": before.created_at}},
                {"created_at": before.created_at, "_id": {"$lt": before.plan_id}},
            ]
        newest_first = [("created_at", DESCENDING), ("_id", DESCENDING)]
        with translated():
            cursor = self._plans.find(query).sort(newest_first).limit(limit)
            return [decode(document) for document in await cursor.to_list(None)]
