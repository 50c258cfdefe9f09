"""The record of imports in PostgreSQL. Every function works inside its caller's transaction.

Guarantee: what an import brought is found again by its content until it is undone, whatever became of the
documents since. Called by `applying`, `confirming` and `undoing`, which hold the workspace's lock to write.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson

from agentbus.contracts.http.imports import ImportReport, Outcome
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.workspace import CollectionName
from agentbus.postgres.columns import columns
from agentbus.postgres.database import Connection
from agentbus.workspace.imports.dump import COLLECTIONS
from agentbus.workspace.imports.errors import UnknownImport
from agentbus.workspace.imports.outcome import Brought, Content, Place
from agentbus.workspace.model import Json, Stored


@dataclass(frozen=True)
class Entry:
    """An item that did not fail: what came, what is kept, and the change that holds it (None: a conflict)."""

    collection: CollectionName
    id: str
    came: str
    kept: str
    outcome: Outcome
    seq: int | None


async def brought(
    connection: Connection, workspace_id: str, contents: Collection[Content]
) -> dict[Content, Brought]:
    """Returns which of the contents earlier imports brought that were not undone."""
    rows = await connection.fetch(
        """
        select distinct on (collection, came) collection, came, seq, kept
        from workspace.import_items join workspace.imports using (workspace_id, import_id)
        where workspace_id = $1 and came = any($2) and undone_seq is null and state <> 'undone'
        order by collection, came, seq desc nulls last
        """,
        workspace_id,
        [came for _, came in contents],
    )
    return {(row["collection"], row["came"]): Brought(row["seq"], row["kept"]) for row in rows}


async def not_taken_back(
    connection: Connection, workspace_id: str, standing: dict[Place, Stored]
) -> dict[Place, Stored]:
    """Returns the documents without those that the undoing of an import deleted: as if never there."""
    rows = await connection.fetch(
        "select undone_seq from workspace.import_items where workspace_id = $1 and undone_seq = any($2)",
        workspace_id,
        [each.seq for each in standing.values() if each.deleted],
    )
    gone = {row["undone_seq"] for row in rows}
    return {place: each for place, each in standing.items() if each.seq not in gone}


async def add(
    connection: Connection, workspace_id: str, report: ImportReport, at: datetime, entries: Iterable[Entry]
) -> None:
    """Records an applied import."""
    await connection.execute(
        """
        insert into workspace.imports (workspace_id, import_id, state, report, created_at, created_by)
        values ($1, $2, 'applied', $3, $4, $5)
        """,
        *(workspace_id, report.import_id, _text(report), at, report.created_by),
    )
    rows = [(each.collection, each.id, each.came, each.kept, each.outcome, each.seq) for each in entries]
    if rows:
        await connection.execute(
            """
            insert into workspace.import_items
                (workspace_id, import_id, collection, id, came, kept, outcome, seq)
            select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::bigint[])
            """,
            workspace_id,
            report.import_id,
            *columns(rows),
        )


async def read(
    connection: Connection, workspace_id: str, import_id: str, *, lock: bool = False
) -> ImportReport:
    """Returns the import as it is now; raises UnknownImport. `lock`: until the transaction's end."""
    locked = "for update" if lock else ""
    row = await connection.fetchrow(
        f"select * from workspace.imports where workspace_id = $1 and import_id = $2 {locked}",  # noqa: S608
        workspace_id,
        import_id,
    )
    if row is None:
        raise UnknownImport(f"there is no import {import_id!r} here")
    now = {name: row[name] and format_timestamp(row[name]) for name in ("confirmed_at", "undone_at")}
    return ImportReport.model_validate({**orjson.loads(row["report"]), "state": row["state"], **now})


async def entries(connection: Connection, workspace_id: str, import_id: str) -> list[Entry]:
    """Returns what the import brought, each content once."""
    rows = await connection.fetch(
        "select collection, id, came, kept, outcome, seq from workspace.import_items "
        "where workspace_id = $1 and import_id = $2 order by seq, collection, id",
        workspace_id,
        import_id,
    )
    return [Entry(**dict(row)) for row in rows]


async def settle(
    connection: Connection,
    workspace_id: str,
    report: ImportReport,
    state: Literal["confirmed", "undone"],
    at: datetime,
) -> ImportReport:
    """Records that the import was confirmed or undone; returns it as it is then."""
    assert report.import_id is not None
    await connection.execute(
        f"update workspace.imports set state = $3, {state}_at = $4, report = $5 "  # noqa: S608  our own word
        "where workspace_id = $1 and import_id = $2",
        *(workspace_id, report.import_id, state, at, _text(report)),
    )
    return await read(connection, workspace_id, report.import_id)


async def own_seqs(
    connection: Connection, workspace_id: str, report: ImportReport, seqs: Sequence[int]
) -> set[int]:
    """Returns those of the changes, which hold the import's items, that are its to take back (decision 0038).

    Made by it, or by imports of its user that were never confirmed, for which it stands. Not among them:
    changes of people, and those that an import of another user counts on, or, unless this one was confirmed,
    a confirmed one of the same user.
    """
    rows = await connection.fetch(
        """
        select i.seq
        from workspace.import_items i join workspace.imports m using (workspace_id, import_id)
        where i.workspace_id = $1 and i.seq = any($2)
        group by i.seq
        having bool_or(i.outcome = 'imported' and m.created_by = $4
                and (m.import_id = $3 or m.state <> 'confirmed'))
            and not bool_or(m.state <> 'undone'
                and (m.created_by <> $4 or (m.state = 'confirmed' and $5 <> 'confirmed')))
        """,
        *(workspace_id, seqs, report.import_id, report.created_by, report.state),
    )
    return {row["seq"] for row in rows}


async def mark_taken_back(connection: Connection, workspace_id: str, seqs: Sequence[tuple[int, int]]) -> None:
    """Records, for changes that imports made, the change that took each back."""
    if seqs:
        await connection.execute(
            """
            update workspace.import_items as items set undone_seq = taken.undone_seq
            from unnest($2::bigint[], $3::bigint[]) as taken (seq, undone_seq)
            where items.workspace_id = $1 and items.seq = taken.seq
            """,
            workspace_id,
            *columns(seqs),
        )


async def kept_documents(
    connection: Connection, workspace_id: str, entries: Sequence[Entry]
) -> tuple[dict[int, str], dict[Place, list[str]]]:
    """Returns, as JSON and as they stand in the database: documents by the change that holds them (from
    `documents` while it is the last one, else from `audit`), and versions recorded as conflicts, by place.
    """
    # Two questions that each have their index: of a join, without statistics yet, the plan may be quadratic.
    seqs = {entry.seq for entry in entries if entry.seq is not None}
    held = await connection.fetch(
        "select seq, document from workspace.documents "
        "where workspace_id = $1 and collection = any($2) and seq = any($3)",
        *(workspace_id, COLLECTIONS, seqs),
    )
    held += await connection.fetch(
        "select seq, document from workspace.audit where workspace_id = $1 and seq = any($2)",
        *(workspace_id, seqs - {row["seq"] for row in held}),
    )
    lost = await connection.fetch(
        "select collection, id, client from workspace.conflicts where workspace_id = $1 and id = any($2)",
        workspace_id,
        [entry.id for entry in entries if entry.seq is None],
    )
    versions: dict[Place, list[str]] = {}
    for row in lost:
        versions.setdefault((row["collection"], row["id"]), []).append(row["client"])
    return {row["seq"]: row["document"] for row in held}, versions


def _text(report: ImportReport) -> str:
    fields: Json = report.model_dump(exclude={"state", "confirmed_at", "undone_at"})
    return orjson.dumps(fields).decode()
