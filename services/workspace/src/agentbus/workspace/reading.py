"""Reading documents and their history, as they are or were at a change (`at_seq`). For the routes."""

from dataclasses import dataclass

import orjson

from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.workspace import CollectionName, TaskStatus
from agentbus.postgres.database import Connection, Database
from agentbus.workspace import store
from agentbus.workspace.errors import UnknownDocument, UnknownSeq
from agentbus.workspace.model import Json, Stored
from agentbus.workspace.ports import Page

_NOW = "select * from workspace.documents where workspace_id = $1 and collection = $2"
_THEN = """
    select distinct on (id) *, action = 'deleted' as deleted from workspace.audit
    where workspace_id = $1 and collection = $2 and seq <= $7 order by id, seq desc
"""


@dataclass(frozen=True)
class Filter:
    """Which documents are wanted; None: it does not matter. `text` stands somewhere in titles and names."""

    status: TaskStatus | None = None
    archived: bool | None = None
    text: str | None = None


async def read_document(
    database: Database,
    workspace_id: str,
    collection: CollectionName,
    document_id: str,
    at_seq: int | None = None,
) -> Stored:
    """Returns the document, as of the change `at_seq` if given.

    Raises UnknownDocument, UnknownSeq, Transient.
    """
    async with database.transaction(snapshot=True) as connection:
        await _as_of(connection, workspace_id, at_seq)
        if at_seq is None:
            found = await store.read(connection, workspace_id, collection, document_id)
        else:
            row = await connection.fetchrow(
                "select * from workspace.audit where workspace_id = $1 and collection = $2 and id = $3 "
                "and seq <= $4 order by seq desc limit 1",
                workspace_id,
                collection,
                document_id,
                at_seq,
            )
            found = None if row is None else store.stored(row)
    if found is None or found.deleted:
        raise UnknownDocument(f"there is no {collection[:-1]} {document_id!r} here")
    return found


async def list_documents(
    database: Database,
    workspace_id: str,
    collection: CollectionName,
    wanted: Filter,
    *,
    limit: int,
    cursor: int | None,
    at_seq: int | None,
) -> Page:
    """Returns documents (`Stored`), last changed first, as of one moment; raises UnknownSeq, Transient."""
    async with database.transaction(snapshot=True) as connection:
        seq = await _as_of(connection, workspace_id, at_seq)
        arguments = [wanted.status, wanted.archived, wanted.text and wanted.text.lower(), cursor]
        arguments += [] if at_seq is None else [at_seq]
        rows = await connection.fetch(
            f"""
            select collection, id, seq, document, changed_by
            from ({_NOW if at_seq is None else _THEN}) as found
            where not deleted
                and ($3::text is null or status = $3)
                and ($4::boolean is null or archived = $4)
                and ($5::text is null or strpos(search, $5) > 0)
                and ($6::bigint is null or seq < $6)
            order by seq desc limit {limit + 1:d}
            """,  # noqa: S608  our own words and a number
            workspace_id,
            collection,
            *arguments,
        )
    page = [store.stored(row) for row in rows[:limit]]
    return Page(page, page[-1].seq if len(rows) > limit else None, seq)


async def list_history(
    database: Database,
    workspace_id: str,
    *,
    collection: CollectionName | None,
    document_id: str | None,
    limit: int,
    cursor: int | None,
) -> Page:
    """Returns changes (as `HistoryEntry`), the newest first; raises Transient."""
    async with database.transaction(snapshot=True) as connection:
        seq = await store.current_seq(connection, workspace_id)
        rows = await connection.fetch(
            """
            select * from workspace.audit
            where workspace_id = $1
                and ($2::text is null or collection = $2)
                and ($3::text is null or id = $3)
                and ($4::bigint is null or seq < $4)
            order by seq desc limit $5
            """,
            workspace_id,
            collection,
            document_id,
            cursor,
            limit + 1,
        )
    entries: list[Json] = [
        {
            **{name: row[name] for name in ("seq", "collection", "id", "action", "changed_by", "origin")},
            "address": row["address"],
            "changed_at": format_timestamp(row["changed_at"]),
            "before": None if row["before"] is None else orjson.Fragment(row["before"]),
            "after": orjson.Fragment(row["document"]),
        }
        for row in rows[:limit]
    ]
    return Page(entries, entries[-1]["seq"] if len(rows) > limit else None, seq)


async def _as_of(connection: Connection, workspace_id: str, at_seq: int | None) -> int:
    seq = await store.current_seq(connection, workspace_id)
    if at_seq is not None and at_seq > seq:
        raise UnknownSeq(f"the workspace's newest change is {seq}")
    return seq if at_seq is None else at_seq
