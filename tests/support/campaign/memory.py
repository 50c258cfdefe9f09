"""How much memory every process of a stack holds over time, and how fast that grows."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil

from agentbus.embedded.parts import SERVICES, kind_of
from agentbus.embedded.stack import Stack

EVERY_SECONDS = 5.0
MEGABYTE = 1 << 20
LIMITS = {**dict.fromkeys(SERVICES, 3.0), "edge": 3.0, "ferretdb": 5.0, "postgres": 5.0, "kafka": 20.0}
"""What each may grow by, in MB a minute. Kafka's heap fills to its bound; Go's doubles at times."""


@dataclass(frozen=True)
class Growth:
    """A process' memory: the first and last sample after the warm-up, in MB, its slope in MB a minute."""

    part: str
    first: float
    last: float
    slope: float

    @property
    def limit(self) -> float:
        """The slope that is still taken for bounded."""
        return LIMITS[kind_of(self.part)]

    @property
    def bounded(self) -> bool:
        """Whether it does not grow faster than it may."""
        return self.slope <= self.limit


@dataclass
class MemorySamples:
    """A part's own memory (USS) in MB, children included, each with its moment in seconds.

    What processes share does not count: PostgreSQL's shared buffers fill to their bound, and are no leak.
    """

    stack: Stack
    samples: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    async def follow(self) -> None:
        """Samples until cancelled."""
        while True:
            moment = time.monotonic()
            for row in await self.stack.status():
                if row.pid is not None:
                    self.samples[row.name].append((moment, await asyncio.to_thread(_own, row.pid)))
            await asyncio.sleep(EVERY_SECONDS)

    def growth(self, since: float) -> list[Growth]:
        """Returns each part's growth from the moment `since` on, by least squares."""
        return [
            _growth(part, [each for each in taken if each[0] >= since])
            for part, taken in self.samples.items()
        ]


@asynccontextmanager
async def sampled(stack: Stack) -> AsyncIterator[MemorySamples]:
    """Samples around the block."""
    samples = MemorySamples(stack)
    following = asyncio.create_task(samples.follow())
    try:
        yield samples
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _growth(part: str, taken: list[tuple[float, float]]) -> Growth:
    moments, sizes = zip(*taken, strict=True)
    slope = statistics.linear_regression(moments, sizes).slope * 60
    return Growth(part, sizes[0], sizes[-1], slope)


def _own(pid: int) -> float:
    process = psutil.Process(pid)
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total / MEGABYTE
