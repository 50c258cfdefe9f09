"""A plan's right to run: one of a limited number of places, and a limited time, neither used while it waits
for a person. Called by the plan's execution.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class RunningTime:
    """Holds a place in `places` and runs down `limit_seconds`, except while suspended."""

    def __init__(self, places: asyncio.Semaphore, limit_seconds: float) -> None:
        self._places = places
        self._left_seconds = limit_seconds
        self._waits = 0
        self._timeout: asyncio.Timeout | None = None

    @property
    def expired(self) -> bool:
        """Whether the time is used up."""
        return self._timeout is not None and self._timeout.expired()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the block with a place; raises TimeoutError in it when the time is used up."""
        await self._places.acquire()
        try:
            async with asyncio.timeout(self._left_seconds) as self._timeout:
                yield
        finally:
            if self._waits == 0:
                self._places.release()

    @asynccontextmanager
    async def suspended(self) -> AsyncIterator[None]:
        """Gives the place back and stops the time for the block, which waits for a person."""
        self._waits += 1
        if self._waits == 1:
            self._pause()
        yield
        # No `finally`: a plan that is cancelled in here has no place to give back.
        if self._waits == 1:
            await self._places.acquire()
            self._resume()
        self._waits -= 1

    def _pause(self) -> None:
        if self._timeout is not None and (when := self._timeout.when()) is not None:
            self._left_seconds = max(0.0, when - asyncio.get_running_loop().time())
            self._timeout.reschedule(None)
        self._places.release()

    def _resume(self) -> None:
        if self._timeout is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left_seconds)
