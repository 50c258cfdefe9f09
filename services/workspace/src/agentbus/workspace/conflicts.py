"""Conflicts: recorded once, listed, undone (B2.5). For `replication.py` and `sync_routes.py`.

Undoing puts back, field by field, the value that lost: where the client's stands now, the one that was there
before; where that still stands, the client's. A field that has been changed again since stays as it is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson

from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.workspace import CollectionName
from agentbus.postgres.database import Connection, Row
from agentbus.workspace import store
from agentbus.workspace.editing import put
from agentbus.workspace.errors import NothingToUndo, UnknownConflict
from agentbus.workspace.instruments import CONFLICTS
from agentbus.workspace.model import Author, Draft, Json, Stored, checked, dumped, same
from agentbus.workspace.ports import Page, Parts


@dataclass(frozen=True)
class Found:
    """A pushed document that was not written, and what stands in its place; None: nothing."""

    kind: Literal["conflict", "rejected"]
    collection: CollectionName
    document_id: str
    client: Json
    server: Stored | None
    fields: tuple[str, ...]
    reason: str


async def record(
    connection: Connection, workspace_id: str, found: Found, author: Author, at: datetime
) -> None:
    """Records it, once however often it is pushed. The workspace is locked."""
    text = _kept_text(found.client)
    server = found.server
    parts = (
        found.kind,
        found.collection,
        found.document_id,
        text,
        str(server and server.seq),
        author.user_id,
    )
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    known = await connection.fetchval(
        "select 1 from workspace.conflicts where workspace_id = $1 and digest = $2", workspace_id, digest
    )
    if known:
        return
    number = await connection.fetchval(
        "update workspace.workspaces set conflicts = conflicts + 1 where workspace_id = $1 "
        "returning conflicts",
        workspace_id,
    )
    await connection.execute(
        """
        insert into workspace.conflicts (workspace_id, number, digest, kind, collection, id, fields, client,
            server, server_seq, server_changed_by, reason, recorded_at, recorded_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        *(workspace_id, number, digest, found.kind, found.collection, found.document_id, found.fields, text),
        *((server.text, server.seq, server.changed_by) if server is not None else (None, 0, None)),
        *(found.reason, at, author.user_id),
    )
    CONFLICTS.labels(found.kind).inc()


async def list_conflicts(
    workspace_id: str, *, open_only: bool, limit: int, cursor: int | None, parts: Parts
) -> Page:
    """Returns conflicts (as `Conflict`), newest first; `open_only`: those not undone. Raises Transient."""
    async with parts.database.transaction(snapshot=True) as connection:
        seq = await store.current_seq(connection, workspace_id)
        rows = await connection.fetch(
            """
            select * from workspace.conflicts
            where workspace_id = $1 and ($2::bigint is null or number < $2)
                and not ($3 and undone_at is not null)
            order by number desc limit $4
            """,
            workspace_id,
            cursor,
            open_only,
            limit + 1,
        )
    page = [_view(row) for row in rows[:limit]]
    return Page(page, page[-1]["number"] if len(rows) > limit else None, seq)


async def undo(workspace_id: str, number: int, author: Author, *, parts: Parts) -> Json:
    """Puts back what lost, as a new change; returns the conflict.

    Raises UnknownConflict, NothingToUndo, BadDocument, Transient.
    """
    async with parts.turns.changing(workspace_id) as connection:
        row = await _read(connection, workspace_id, number)
        if row["kind"] == "rejected" or row["undone_at"] is not None:
            raise NothingToUndo("nothing was overwritten, or it was put back before")
        now = await store.read(connection, workspace_id, row["collection"], row["id"])
        if now is None:
            raise NothingToUndo("the document is gone")
        lost = _lost(now.document, orjson.loads(row["client"]), orjson.loads(row["server"]), row["fields"])
        if not lost:
            raise NothingToUndo("the fields have been changed again since")
        document = {name: value for name, value in now.document.items() if name not in lost}
        document |= {name: value[0] for name, value in lost.items() if value}
        draft = Draft(row["collection"], checked(row["collection"], document), now)
        written = await put(connection, workspace_id, draft, author, parts)
        await connection.execute(
            "update workspace.conflicts set undone_at = $3, undone_by = $4, undone_seq = $5 "
            "where workspace_id = $1 and number = $2",
            workspace_id,
            number,
            parts.clock.now(),
            author.user_id,
            written.seq,
        )
        return _view(await _read(connection, workspace_id, number))


async def _read(connection: Connection, workspace_id: str, number: int) -> Row:
    row = await connection.fetchrow(
        "select * from workspace.conflicts where workspace_id = $1 and number = $2", workspace_id, number
    )
    if row is None:
        raise UnknownConflict(f"there is no conflict {number} here")
    return row


def _lost(now: Json, client: Json, server: Json, fields: list[str]) -> dict[str, list[object]]:
    """Returns the values to put back by field; an empty list: the field was absent."""
    lost = {}
    for name in fields:
        values = [[side[name]] if name in side else [] for side in (now, client, server)]
        if same(values[0], values[1]):
            lost[name] = values[2]
        elif same(values[0], values[2]):
            lost[name] = values[1]
    return lost


def _kept_text(document: Json) -> str:
    """Returns the document as JSON, also one that cannot be a document."""
    try:
        return dumped(document)
    except (ValueError, RecursionError):
        return dumped({"id": document.get("id"), "unreadable": True})


def _view(row: Row) -> Json:
    undone = row["undone_at"] and {
        "by": row["undone_by"],
        "at": format_timestamp(row["undone_at"]),
        "seq": row["undone_seq"],
    }
    plain = ("number", "kind", "collection", "id", "fields", "server_seq", "server_changed_by", "reason")
    return {
        **{name: row[name] for name in plain},
        "client": orjson.Fragment(row["client"]),
        "server": None if row["server"] is None else orjson.Fragment(row["server"]),
        "recorded_at": format_timestamp(row["recorded_at"]),
        "recorded_by": row["recorded_by"],
        "undone": undone,
    }
