"""A plan's right to run: one of a limited number of places, and a limited time, neither used while it waits
for a person. Called by the plan's execution; `plan_run` waits for `up`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class RunningTime:
    """Holds a place in `places` and runs down `limit_seconds`, except while suspended.

    Several agents of a plan may wait at once; the plan counts as waiting while one of them does.
    """

    def __init__(self, places: asyncio.Semaphore, limit_seconds: float) -> None:
        self.up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._places = places
        self._holds_place = False
        self._left_seconds = limit_seconds
        self._waits = 0
        self._clock: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the block with a place; `up` is done when the time is used up."""
        await self._take_place()
        self._start_clock()
        try:
            yield
        finally:
            self._pause()

    @asynccontextmanager
    async def suspended(self) -> AsyncIterator[None]:
        """Gives the place back and stops the time for the block, which waits for a person.

        A block that is left by an exception (its team gave up waiting) does not wait for a place: the plan is
        about to end, or goes on for the rest of its time.
        """
        self._waits += 1
        self._pause()
        try:
            yield
            if self._waits == 1:
                await self._take_place()
        finally:
            self._waits -= 1
            if self._waits:
                self._give_place_back()  # another agent began to wait meanwhile
            else:
                self._start_clock()

    async def _take_place(self) -> None:
        await self._places.acquire()
        self._holds_place = True

    def _give_place_back(self) -> None:
        if self._holds_place:
            self._holds_place = False
            self._places.release()

    def _start_clock(self) -> None:
        self._clock = asyncio.get_running_loop().call_later(self._left_seconds, self._time_is_up)

    def _pause(self) -> None:
        if self._clock is not None:
            self._left_seconds = max(0.0, self._clock.when() - asyncio.get_running_loop().time())
            self._clock.cancel()
            self._clock = None
        self._give_place_back()

    def _time_is_up(self) -> None:
        if not self.up.done():
            self.up.set_result(None)
