"""Workspaces and documents in PostgreSQL. Every function works inside its caller's transaction.

Guarantee of `write`: the documents, their audit rows and their outbox rows are committed together, under
sequence numbers without gaps; because `lock` comes first, changes of one workspace are made one after another
and are committed, published and read in the order of their numbers. Called by all handlers of this service.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.workspace import SCHEMA_VERSION, CollectionName
from agentbus.observability.tracing import traceparent
from agentbus.postgres.columns import columns
from agentbus.postgres.database import Connection, Row
from agentbus.postgres.outbox import Outbox
from agentbus.workspace.instruments import CHANGES
from agentbus.workspace.model import Author, Draft, Json, Stored, dumped, facets

SCHEMA: Final = "workspace"
OUTBOX: Final = Outbox(SCHEMA)

_COLUMNS: Final = "collection, id, seq, document, changed_by"


async def lock(connection: Connection, workspace_id: str) -> int:
    """Makes every other writer of the workspace wait for this transaction's end; returns its `seq` so far.

    A workspace comes into being by this.
    """
    await connection.execute(
        "insert into workspace.workspaces (workspace_id) values ($1) on conflict do nothing", workspace_id
    )
    seq: int = await connection.fetchval(
        "select seq from workspace.workspaces where workspace_id = $1 for update", workspace_id
    )
    return seq


async def current_seq(connection: Connection, workspace_id: str) -> int:
    """Returns the newest change's number; 0 before the first."""
    return (
        await connection.fetchval(
            "select seq from workspace.workspaces where workspace_id = $1", workspace_id
        )
        or 0
    )


async def read(
    connection: Connection, workspace_id: str, collection: CollectionName, document_id: str
) -> Stored | None:
    """Returns the document, deleted or not; None when there never was one."""
    return (await read_many(connection, workspace_id, collection, [document_id])).get(document_id)


async def read_many(
    connection: Connection, workspace_id: str, collection: CollectionName, ids: Sequence[str]
) -> dict[str, Stored]:
    """Returns those of the documents that there are, by id; deleted ones, too."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from workspace.documents "  # noqa: S608
        "where workspace_id = $1 and collection = $2 and id = any($3)",
        workspace_id,
        collection,
        ids,
    )
    return {row["id"]: stored(row) for row in rows}


async def read_changed(
    connection: Connection, workspace_id: str, collection: CollectionName, after_seq: int, limit: int
) -> list[Stored]:
    """Returns the documents whose last change is after `after_seq`, in order; deleted ones, too."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from workspace.documents "  # noqa: S608
        "where workspace_id = $1 and collection = $2 and seq > $3 order by seq limit $4",
        workspace_id,
        collection,
        after_seq,
        limit,
    )
    return [stored(row) for row in rows]


async def write(
    connection: Connection, workspace_id: str, drafts: Sequence[Draft], author: Author, at: datetime
) -> list[Stored]:
    """Writes documents, one change each, in order. `lock` the workspace and read `before` under it first.

    Drafts name each document once. `updatedAt` becomes `at` (that of an import stays, as its client showed
    it), as does `createdAt` where there is none.
    """
    if not drafts:
        return []
    last: int = await connection.fetchval(
        "update workspace.workspaces set seq = seq + $2 where workspace_id = $1 returning seq",
        workspace_id,
        len(drafts),
    )
    first = last - len(drafts) + 1
    written = [_stored(draft, first + index, author, at) for index, draft in enumerate(drafts)]
    await _put(connection, workspace_id, written)
    await _record(connection, workspace_id, drafts, written, author, at)
    records = [(workspace_id, _change(workspace_id, each, author, at)) for each in written]
    await OUTBOX.append(connection, records, traceparent())
    await _forget_secrets(connection, workspace_id, written)
    CHANGES.labels(author.origin).inc(len(written))
    return written


def stored(row: Row) -> Stored:
    """Returns the document in a row of `documents` or `audit`."""
    return Stored(row["collection"], row["id"], row["seq"], row["document"], row["changed_by"])


def _stored(draft: Draft, seq: int, author: Author, at: datetime) -> Stored:
    moment = format_timestamp(at)
    updated = draft.document.get("updatedAt", moment) if author.origin == "import" else moment
    document: Json = {"createdAt": moment, "_deleted": False, **draft.document, "updatedAt": updated}
    if document["_deleted"] and draft.collection == "environments":
        document["secretNames"] = []
    return Stored(draft.collection, document["id"], seq, dumped(document), author.user_id)


async def _put(connection: Connection, workspace_id: str, written: Sequence[Stored]) -> None:
    rows = [
        (each.collection, each.id, each.seq, *_content(each), each.deleted, each.changed_by)
        for each in written
    ]
    await connection.execute(
        """
        insert into workspace.documents (workspace_id, collection, id, seq, document, status, archived,
            search, deleted, changed_by)
        select $1, * from unnest($2::text[], $3::text[], $4::bigint[], $5::json[], $6::text[], $7::boolean[],
            $8::text[], $9::boolean[], $10::text[])
        on conflict (workspace_id, collection, id) do update set seq = excluded.seq,
            document = excluded.document, deleted = excluded.deleted, changed_by = excluded.changed_by,
            status = excluded.status, archived = excluded.archived, search = excluded.search
        """,
        workspace_id,
        *columns(rows),
    )


async def _record(
    connection: Connection,
    workspace_id: str,
    drafts: Sequence[Draft],
    written: Sequence[Stored],
    author: Author,
    at: datetime,
) -> None:
    """Writes who changed what, when, from where, and what it was before and is after (B1.2)."""
    rows = [
        (
            each.seq,
            each.collection,
            each.id,
            *_content(each),
            _action(draft.before, each),
            _text(draft.before),
        )
        for draft, each in zip(drafts, written, strict=True)
    ]
    await connection.execute(
        """
        insert into workspace.audit (workspace_id, changed_at, changed_by, origin, address,
            seq, collection, id, document, status, archived, search, action, before)
        select $1, $2::timestamptz, $3, $4, $5, * from unnest($6::bigint[], $7::text[], $8::text[],
            $9::json[], $10::text[], $11::boolean[], $12::text[], $13::text[], $14::json[])
        """,
        *(workspace_id, at, author.user_id, author.origin, author.address),
        *columns(rows),
    )


async def _forget_secrets(connection: Connection, workspace_id: str, written: Sequence[Stored]) -> None:
    gone = [each.id for each in written if each.collection == "environments" and each.deleted]
    if gone:
        await connection.execute(
            "delete from workspace.secrets where workspace_id = $1 and environment_id = any($2)",
            workspace_id,
            gone,
        )


def _content(each: Stored) -> tuple[str, str | None, bool, str]:
    found = facets(each.document)
    return (each.text, found.status, found.archived, found.search)


def _text(before: Stored | None) -> str | None:
    return before.text if before is not None else None


def _action(before: Stored | None, after: Stored) -> str:
    if after.deleted:
        return "deleted"
    return "created" if before is None or before.deleted else "updated"


def _change(workspace_id: str, each: Stored, author: Author, at: datetime) -> bytes:
    """Returns the `WorkspaceChange` as it goes over the bus."""
    return orjson.dumps(
        {
            "workspace_id": workspace_id,
            "seq": each.seq,
            "collection": each.collection,
            "id": each.id,
            "document": orjson.Fragment(each.text),
            "changed_at": format_timestamp(at),
            "changed_by": author.user_id,
            "origin": author.origin,
            "schema_version": SCHEMA_VERSION,
        }
    )
