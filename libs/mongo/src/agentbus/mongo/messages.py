"""The stored messages: each once, whatever is sent again (A2.3, A1.5).

`_id` is the `message_id`, and (`plan_id`, `seq`) is unique, so an append may be repeated at will and
by several writers at once. Written by the persister alone; read by the gateway and the plan service.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING
from pymongo.errors import BulkWriteError

from agentbus.kernel.errors import Duplicate, Invalid, Transient
from agentbus.mongo.client import Database, Document
from agentbus.mongo.document import decode, encode
from agentbus.mongo.errors import DUPLICATE_KEY, is_about_data, translated

COLLECTION: Final = "messages"

NATIVE: Final = frozenset({"message_id", "plan_id", "seq"})

DOUBLED: Final = "doubled_documents"
_UNIQUE_SQLSTATE: Final = "(SQLSTATE 23505"
"""How FerretDB 1.24 reports PostgreSQL's "unique_violation" here (PostgreSQL manual, appendix A)."""

_MAX_CHUNK_DOCUMENTS: Final = 1000
_MAX_CHUNK_BYTES: Final = 4 * 1024 * 1024
"""One call stays far below the call timeout, also on a slow disk."""


@dataclass(frozen=True)
class Refused:
    """A document that the database can never hold; `position` is its place in the append."""

    position: int
    code: str
    reason: str


@dataclass(frozen=True)
class AppendResult:
    """What became of an append: how many were new, how many were there already, which were refused."""

    inserted: int = 0
    duplicates: int = 0
    refused: tuple[Refused, ...] = ()

    def __add__(self, other: "AppendResult") -> "AppendResult":
        return AppendResult(
            self.inserted + other.inserted,
            self.duplicates + other.duplicates,
            self.refused + other.refused,
        )


_Encoded = tuple[int, RawBSONDocument]


class MessageStore:
    """The `messages` collection. Every call raises Transient when the database is away."""

    def __init__(self, database: Database) -> None:
        self._messages = database.collection(COLLECTION)

    async def ensure_indexes(self) -> None:
        """Creates the unique index on (`plan_id`, `seq`); safe to repeat.

        Raises Transient with code `DOUBLED` while messages are stored doubly: that has to be mended first.
        """
        try:
            with translated():
                await self._messages.create_index([("plan_id", ASCENDING), ("seq", ASCENDING)], unique=True)
        except (Duplicate, Transient) as error:
            if isinstance(error, Duplicate) or _UNIQUE_SQLSTATE in error.message:
                message = "messages are stored doubly; agentbus rebuild messages"
                raise Transient(message, code=DOUBLED) from error
            raise

    async def append(self, documents: Sequence[dict[str, Any]]) -> AppendResult:
        """Stores the messages that are not stored yet and returns what became of each.

        All that can be stored is stored when this returns. When it raises Transient, some may be: repeat it.
        """
        encoded, refused = _encode_all(documents)
        result = AppendResult(refused=tuple(refused))
        for chunk in _chunks(encoded):
            result += await self._append_chunk(chunk)
        return result

    async def read(self, plan_id: str, after_seq: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """Returns the plan's messages after `after_seq` by `seq`, at most `limit`, as they were published.

        What it costs is what it returns: it asks for a stretch of `seq`, because FerretDB reads all that the
        range lets through and cuts afterwards.
        """
        if limit is None:
            return await self._between(plan_id, after_seq, None)
        found = await self._between(plan_id, after_seq, after_seq + limit)
        if len(found) < limit:  # the end, or a hole
            found += await self._between(plan_id, after_seq + limit, None, limit - len(found))
        return found

    async def _between(
        self, plan_id: str, after_seq: int, last_seq: int | None, limit: int = 0
    ) -> list[dict[str, Any]]:
        query: Document = {"plan_id": plan_id}
        seqs = {"$gt": after_seq} if after_seq > 0 else {}
        if last_seq is not None:
            seqs["$lte"] = last_seq
        if seqs:
            query["seq"] = seqs
        with translated():
            cursor = self._messages.find(query).sort("seq", ASCENDING).limit(limit)
            documents = await cursor.to_list(None)
        for document in documents:
            del document["_id"]  # FerretDB would copy each document to leave it out
        return [decode(document) for document in documents]

    async def _append_chunk(self, chunk: list[_Encoded]) -> AppendResult:
        try:
            with translated():
                await self._messages.insert_many([document for _, document in chunk], ordered=False)
        except Invalid:
            return await self._append_one_by_one(chunk)
        except Transient as error:
            if isinstance(error.__cause__, BulkWriteError):
                return _partly(chunk, error.__cause__, error)
            raise
        return AppendResult(inserted=len(chunk))

    async def _append_one_by_one(self, chunk: list[_Encoded]) -> AppendResult:
        """For a server that gives up a whole call for one document that it cannot hold."""
        result = AppendResult()
        for position, document in chunk:
            try:
                with translated():
                    await self._messages.insert_one(document)
                result += AppendResult(inserted=1)
            except Duplicate:
                result += AppendResult(duplicates=1)
            except Invalid as error:
                result += AppendResult(refused=(Refused(position, error.code, error.message),))
        return result


def _encode_all(documents: Sequence[dict[str, Any]]) -> tuple[list[_Encoded], list[Refused]]:
    encoded: list[_Encoded] = []
    refused: list[Refused] = []
    for position, message in enumerate(documents):
        try:
            encoded.append((position, _to_bson(message)))
        except Invalid as error:
            refused.append(Refused(position, error.code, error.message))
    return encoded, refused


def _to_bson(message: dict[str, Any]) -> RawBSONDocument:
    with translated():
        return RawBSONDocument(bson.encode(encode(message["message_id"], message, native=NATIVE)))


def _chunks(encoded: list[_Encoded]) -> Iterator[list[_Encoded]]:
    """Yields runs of documents within the limits; one that is larger than the limit goes alone."""
    chunk: list[_Encoded] = []
    size_bytes = 0
    for entry in encoded:
        length = len(entry[1].raw)
        if chunk and (len(chunk) == _MAX_CHUNK_DOCUMENTS or size_bytes + length > _MAX_CHUNK_BYTES):
            yield chunk
            chunk, size_bytes = [], 0
        chunk.append(entry)
        size_bytes += length
    if chunk:
        yield chunk


def _partly(chunk: list[_Encoded], error: BulkWriteError, transient: Transient) -> AppendResult:
    """Returns the outcome of a call that reported errors per document; raises `transient` for any other."""
    details: Mapping[str, Any] = error.details or {}
    duplicates = 0
    refused: list[Refused] = []
    for entry in details["writeErrors"]:
        if entry["code"] == DUPLICATE_KEY:
            duplicates += 1
        elif is_about_data(entry["code"], entry["errmsg"]):
            refused.append(Refused(chunk[entry["index"]][0], "unstorable", entry["errmsg"]))
        else:
            raise transient
    if details["writeConcernErrors"]:
        raise transient
    return AppendResult(details["nInserted"], duplicates, tuple(refused))
