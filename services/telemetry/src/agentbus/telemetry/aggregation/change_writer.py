"""Counts one partition's changes of workspaces, by collection and origin, and how soon they were on the bus.

The relay may publish a change again; its number says so (a sequence without gaps in each workspace). The
duration is from the change to its record's time, so it is the same whenever it is counted. Called by
`counting`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from agentbus.bus.record import Record
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.contracts.workspace import WorkspaceChange
from agentbus.postgres.database import Connection
from agentbus.telemetry.aggregation.bulk import as_columns, insert, rows_of
from agentbus.telemetry.aggregation.cells import GRAINS, Cell, begin_of, minute_of
from agentbus.telemetry.aggregation.naming import identifier
from agentbus.telemetry.aggregation.rollup_store import seconds_of
from agentbus.telemetry.sketch import bin_of, merged, pack

_KEY: Final = {
    "grain": "text",
    "starts_at": "timestamptz",
    "workspace_id": "text",
    "collection": "text",
    "origin": "text",
    "partition": "integer",
}
_COLUMNS: Final = {
    **_KEY,
    "changes": "bigint",
    "seconds_total": "numeric",
    "seconds_max": "double precision",
    "sketch": "bytea",
}
_ADD: Final = insert(
    "workspace_changes",
    _COLUMNS,
    f"({', '.join(_KEY)}) do update set changes = kept.changes + excluded.changes, "
    "seconds_total = kept.seconds_total + excluded.seconds_total, "
    "seconds_max = greatest(kept.seconds_max, excluded.seconds_max), sketch = excluded.sketch",
)
_SKETCHES: Final = (
    f"select given.*, kept.sketch from {rows_of(_KEY)} "  # noqa: S608  our names
    f"join telemetry.workspace_changes as kept using ({', '.join(_KEY)})"
)


class _Bucket(NamedTuple):
    grain: str
    starts_at: datetime
    workspace_id: str
    collection: str
    origin: str
    partition: int


class ChangeWriter:
    """The figures of one partition of `workspace.changes`."""

    def __init__(self, partition: int) -> None:
        self._partition = partition

    async def write(self, connection: Connection, batch: Sequence[tuple[Record, WorkspaceChange]]) -> None:
        """Takes the changes into the tables, each once."""
        last = await _last_seqs(connection, {identifier(change.workspace_id) for _, change in batch})
        cells: dict[_Bucket, Cell] = {}
        for record, change in batch:
            workspace_id = identifier(change.workspace_id)
            if change.seq > last.get(workspace_id, 0):
                last[workspace_id] = change.seq
                self._count(cells, record, change)
        await _keep_seqs(connection, last)
        await _add(connection, cells)

    def forget(self) -> None:
        """Nothing is remembered."""

    def _count(self, cells: dict[_Bucket, Cell], record: Record, change: WorkspaceChange) -> None:
        at = _moment(change, record.appended_at)
        seconds = max(0.0, (record.appended_at - at).total_seconds())
        cell = Cell(
            executions=1,
            microseconds=round(seconds * 1e6),
            seconds_max=seconds,
            bins={bin_of(seconds): 1},
        )
        subject = identifier(change.workspace_id), change.collection, change.origin
        for grain in GRAINS:
            bucket = _Bucket(grain, begin_of(grain, minute_of(at)), *subject, self._partition)
            cells.setdefault(bucket, Cell()).add(cell)


async def _last_seqs(connection: Connection, workspace_ids: set[str]) -> dict[str, int]:
    rows = await connection.fetch(
        "select workspace_id, last_seq from telemetry.workspaces where workspace_id = any($1)",
        list(workspace_ids),
    )
    return {row["workspace_id"]: row["last_seq"] for row in rows}


async def _keep_seqs(connection: Connection, last: Mapping[str, int]) -> None:
    columns = {"workspace_id": "text", "last_seq": "bigint"}
    statement = insert("workspaces", columns, "(workspace_id) do update set last_seq = excluded.last_seq")
    await connection.execute(statement, list(last), list(last.values()))


async def _add(connection: Connection, cells: Mapping[_Bucket, Cell]) -> None:
    rows = await connection.fetch(_SKETCHES, *as_columns(list(cells), len(_KEY)))
    kept = {_Bucket(*row[:-1]): row[-1] for row in rows}
    given = [
        (
            *bucket,
            cell.executions,
            seconds_of(cell.microseconds),
            cell.seconds_max,
            pack(merged([kept[bucket], pack(cell.bins)])) if bucket in kept else pack(cell.bins),
        )
        for bucket, cell in cells.items()
    ]
    await connection.execute(_ADD, *as_columns(given, len(_COLUMNS)))


def _moment(change: WorkspaceChange, otherwise: datetime) -> datetime:
    try:
        return parse_timestamp(change.changed_at)
    except ValueError:
        return otherwise
