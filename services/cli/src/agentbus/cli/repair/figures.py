"""Telemetry's figures built anew from the log: they are forgotten, and the service counts from the beginning.

What is to be forgotten is telemetry's own to say (`forget_figures` in its schema): nothing but figures that
the log holds, in one transaction with how far it was counted. So this may run beside the service, be stopped
anywhere, and be run again. Called by `agentbus rebuild telemetry`.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from agentbus.bus.reader import Reader
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded.progress import Report as Progress
from agentbus.embedded.progress import silent
from agentbus.postgres.database import Database

_LOOK_SECONDS: Final = 0.25
_COUNTED: Final = "select partition, next_offset from telemetry.offsets where topic = $1"


@dataclass(frozen=True)
class Counted:
    """How far the log is counted; `done` when nothing that was on it at the beginning is left."""

    messages: int
    of: int

    @property
    def done(self) -> bool:
        """Whether all is counted."""
        return self.messages >= self.of


async def forget(database: Database) -> None:
    """Forgets the figures; from now on they are counted anew. Raises Transient when the database is away."""
    async with database.transaction() as connection:
        await connection.execute("select telemetry.forget_figures()")


async def counted_anew(
    reader: Reader, database: Database, *, patience_seconds: float = 30.0, progress: Progress = silent
) -> Counted:
    """Returns when what is on the log now is counted, or when for `patience_seconds` nothing more was.

    Raises Transient when Kafka or the database is away.
    """
    ranges = {
        partition: (
            await reader.begin_offset(MESSAGES, partition),
            await reader.end_offset(MESSAGES, partition),
        )
        for partition in await reader.partitions(MESSAGES)
    }
    counted, moved = await _counted(database, ranges), time.monotonic()
    while not counted.done and time.monotonic() - moved < patience_seconds:
        progress("figures", f"{counted.messages:,} of {counted.of:,} messages counted")
        await asyncio.sleep(_LOOK_SECONDS)
        now = await _counted(database, ranges)
        if now != counted:
            counted, moved = now, time.monotonic()
    return counted


async def _counted(database: Database, ranges: dict[int, tuple[int, int]]) -> Counted:
    async with database.transaction(snapshot=True) as connection:
        offsets = {row["partition"]: row["next_offset"] for row in await connection.fetch(_COUNTED, MESSAGES)}
    done = [
        min(max(offsets.get(partition, 0), begin), end) - begin for partition, (begin, end) in ranges.items()
    ]
    return Counted(sum(done), sum(end - begin for begin, end in ranges.values()))
