"""Hours and days that are over: the rows of all partitions become one, for the reads (0042).

Guarantee: figures are the same before and after. A partition's row goes in the transaction that adds it to
the settled one; who counts a partition locks the rows that it is about to add to, and what is locked is left
for the next time. What comes late makes a partition's row again, which is settled in its turn. Called by
`retention`, every ten minutes.
"""

from datetime import datetime, timedelta
from typing import Final

from agentbus.postgres.database import Connection, Database, Row
from agentbus.telemetry.aggregation import rollup_store
from agentbus.telemetry.aggregation.cells import Cell, Grain, Subject
from agentbus.telemetry.sketch import unpack

_AFTER: Final = timedelta(minutes=10)
"""How long after its end a bucket is left as it is: most of what is late comes by then."""

_WIDTHS: Final[dict[Grain, timedelta]] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_ROWS: Final = 500
_LOCK: Final = "select pg_try_advisory_xact_lock(hashtext('telemetry settling'))"
_TAKE: Final = """
with over as (
    select ctid from telemetry.rollups
    where partition >= 0 and grain <> 'minute' and grain = $1 and starts_at <= $2
    order by grain, starts_at limit $3 for update skip locked
)
delete from telemetry.rollups as kept using over where kept.ctid = over.ctid returning kept.*
"""


async def settle(database: Database, now: datetime) -> None:
    """Settles what is over at `now`, in small transactions. Raises Transient when the database is away."""
    for grain, width in _WIDTHS.items():
        settled = _ROWS
        while settled == _ROWS:
            async with database.transaction() as connection:
                if not await connection.fetchval(_LOCK):
                    return
                settled = await _settle(connection, grain, now - width - _AFTER)


async def _settle(connection: Connection, grain: Grain, last: datetime) -> int:
    rows = await connection.fetch(_TAKE, grain, last, _ROWS)
    cells: dict[Subject, Cell] = {}
    for row in rows:
        cells.setdefault(Subject(*(row[name] for name in Subject._fields)), Cell()).add(_cell(row))
    settled = [(grain, subject, cell) for subject, cell in cells.items()]
    await rollup_store.write(connection, rollup_store.SETTLED, settled)
    return len(rows)


def _cell(row: Row) -> Cell:
    return Cell(
        executions=row["executions"],
        failures=row["failures"],
        microseconds=rollup_store.microseconds_of(row["seconds_total"]),
        seconds_max=row["seconds_max"],
        queue_us=rollup_store.microseconds_of(row["queue_seconds_total"]),
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost_usd=row["cost_usd"],
        unpriced_tokens=row["unpriced_tokens"],
        bins=unpack(row["sketch"]),
    )
