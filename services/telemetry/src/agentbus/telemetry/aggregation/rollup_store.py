"""The table `rollups`: what a batch adds to minutes, hours and days.

Only who counts a partition adds to its rows, under the lock of its offset, and locks them before it reads
them: so a sketch can be read, merged and written back while `settling` takes rows away. Works inside its
caller's transaction. Called by `message_writer` and `settling`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from agentbus.postgres.database import Connection
from agentbus.telemetry.aggregation.bulk import as_columns, insert, rows_of
from agentbus.telemetry.aggregation.cells import Cell, Grain, Subject, rolled_up
from agentbus.telemetry.sketch import merged, pack

Rows = Sequence[tuple[Grain, Subject, Cell]]

SETTLED: Final = -1
"""In place of a partition: an hour or a day of all of them. Under the lock of `settling`."""

_KEY: Final = {
    "grain": "text",
    "starts_at": "timestamptz",
    "workspace_id": "text",
    "team_id": "text",
    "agent": "text",
    "agent_type": "text",
    "tool": "text",
    "model": "text",
    "partition": "integer",
}
_SUMS: Final = {
    "executions": "bigint",
    "failures": "bigint",
    "seconds_total": "numeric",
    "queue_seconds_total": "numeric",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "unpriced_tokens": "bigint",
}
_COLUMNS: Final = {
    **_KEY,
    **_SUMS,
    "seconds_max": "double precision",
    "cost_usd": "numeric",
    "sketch": "bytea",
}
_ADD: Final = insert(
    "rollups",
    _COLUMNS,
    f"({', '.join(_KEY)}) do update set "
    + "".join(f"{column} = kept.{column} + excluded.{column}, " for column in _SUMS)
    + "seconds_max = greatest(kept.seconds_max, excluded.seconds_max), sketch = excluded.sketch, "
    "cost_usd = coalesce(kept.cost_usd + excluded.cost_usd, kept.cost_usd, excluded.cost_usd)",
)
_SKETCHES: Final = (
    f"select given.*, kept.sketch from {rows_of(_KEY)} "  # noqa: S608  our names
    f"join telemetry.rollups as kept using ({', '.join(_KEY)}) for update of kept"
)


async def add(connection: Connection, partition: int, minutes: Mapping[Subject, Cell]) -> None:
    """Adds the minutes, and what they come to by hour and day."""
    await write(connection, partition, list(rolled_up(minutes)))


async def write(connection: Connection, partition: int, rows: Rows) -> None:
    """Adds the rows, each to the one with its key."""
    if not rows:
        return
    keys = [(grain, *subject, partition) for grain, subject, _ in rows]
    kept = {row[:-1]: row[-1] for row in await connection.fetch(_SKETCHES, *as_columns(keys, len(_KEY)))}
    given = [(*key, *_row(cell, kept.get(key))) for key, (_, _, cell) in zip(keys, rows, strict=True)]
    await connection.execute(_ADD, *as_columns(given, len(_COLUMNS)))


def _row(cell: Cell, kept: bytes | None) -> tuple[Any, ...]:
    sketch = pack(cell.bins)
    return (
        cell.executions,
        cell.failures,
        seconds_of(cell.microseconds),
        seconds_of(cell.queue_us),
        cell.input_tokens,
        cell.output_tokens,
        cell.unpriced_tokens,
        cell.seconds_max,
        cell.cost_usd,
        sketch if kept is None else pack(merged([kept, sketch])),
    )


def seconds_of(microseconds: int) -> Decimal:
    """Returns microseconds as seconds, exactly."""
    return Decimal(microseconds).scaleb(-6)


def microseconds_of(seconds: Decimal) -> int:
    """Returns what `seconds_of` was given."""
    return int(seconds.scaleb(6))
