"""The runner's outbox on its own disk: one file a process, and the files of processes that died.

Guarantee: what a killed runner had said goes out when any runner starts on the same data folder, before that
one takes a plan on. A file belongs to the process that holds its lock. Adapter of `MessageOutbox`.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import encode
from agentbus.bus.outbox import Outbox, Relay
from agentbus.observability.log import get_logger

log = get_logger(__name__)
_LAST_WORDS_SECONDS: Final = 2.0


class BusOutbox:
    """The files that this process holds: new records go to the first, the others are only emptied."""

    def __init__(self, held: list[tuple[Outbox, Relay]]) -> None:
        self._held = held

    async def append(self, topic: str, key: str, value: Mapping[str, Any], *, schema: str) -> None:
        """Keeps a record until the bus has it."""
        await self._held[0][0].append(topic, key, encode(value), schema)

    async def drained(self) -> None:
        """Returns when the bus has everything that was appended before, here and by processes that died."""
        for _, relay in self._held:
            await relay.drained()

    def pending(self) -> int:
        """Returns how many records wait for the bus."""
        return sum(outbox.pending() for outbox, _ in self._held)


@asynccontextmanager
async def open_outbox(folder: Path, address: BusAddress) -> AsyncIterator[BusOutbox]:
    """Takes every file of `folder` that no living process holds, or a new one, and publishes from them."""
    async with AsyncExitStack() as stack:
        held: list[tuple[Outbox, Relay]] = []
        for path in stack.enter_context(_claimed(folder)):
            outbox = Outbox(path)
            stack.push_async_callback(outbox.close)
            if (pending := outbox.pending()) > 0:
                log.info("outbox_found", file=path.name, pending=pending)
            held.append((outbox, await stack.enter_async_context(Relay(outbox, address))))
        yield BusOutbox(held)
        # What plans said last goes out before the next owner reads their logs, if the bus is there.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await BusOutbox(held).drained()


@contextmanager
def _claimed(folder: Path) -> Iterator[list[Path]]:
    """Locks the free files, a new one when there is none; the locks go with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    locks, number = [], 0
    paths: list[Path] = []
    last = max((int(lock.stem.removeprefix("outbox-")) for lock in folder.glob("outbox-*.lock")), default=-1)
    try:
        while number <= last or not paths:
            lock = (folder / f"outbox-{number}.lock").open("a")
            locks.append(lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                paths.append(folder / f"outbox-{number}.sqlite")
            except BlockingIOError:
                pass
            number += 1
        yield paths
    finally:
        for lock in locks:
            lock.close()
