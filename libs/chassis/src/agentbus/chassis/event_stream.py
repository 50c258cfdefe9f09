"""Server-sent events to one client: what it has not read yet, and the answer that gives it (HTML Living
Standard, 9.2).

Guarantee: after its first `RESYNC`, which says "read it all now", a stream carries every event in order; one
that reads too slowly loses what waits and gets `RESYNC` instead, so its memory is bounded. It ends with the
access of whoever opened it. Called by the services' routes; fed by their tails.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Final

from fastapi.responses import StreamingResponse

from agentbus.chassis.access.book import AccessBook
from agentbus.chassis.auth import Principal
from agentbus.kernel.errors import AgentbusError

RESYNC: Final = b'"RESYNC"'


class EventStream:
    """One client's: what waits has at most the weight `limit` together, by default in bytes."""

    def __init__(self, limit: int, weight: Callable[[bytes], int] = len) -> None:
        self._limit = limit
        self._weight = weight
        self._waiting: deque[bytes] = deque([RESYNC])
        self._weighs = 0
        self._moved = asyncio.Event()
        self._moved.set()
        self.ended = False

    def add(self, event: bytes) -> bool:
        """Takes in the next event; returns False when it and what waited are lost, for want of room."""
        self._weighs += self._weight(event)
        fits = self._weighs <= self._limit
        if not fits:
            self._waiting.clear()
            self._weighs, event = 0, RESYNC
        self._waiting.append(event)
        self._moved.set()
        return fits

    def end(self) -> None:
        """Ends the stream; what waits is not read any more."""
        self.ended = True
        self._moved.set()

    async def next(self, within_seconds: float) -> list[bytes]:
        """Returns the events that wait, waiting for one at most this long; none: nothing came."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._moved.wait()
        except TimeoutError:
            return []
        self._moved.clear()
        events = list(self._waiting)
        self._waiting.clear()
        self._weighs = 0
        return events


def streamed(
    opening: AbstractContextManager[EventStream],
    who: Principal,
    book: AccessBook,
    *,
    seconds: float,
    ping_seconds: float,
) -> StreamingResponse:
    """Returns the answer that follows a stream, opened when the client reads: for at most `seconds`, until
    it or the access of `who` ends. A comment is sent when nothing came for `ping_seconds`."""

    async def events() -> AsyncIterator[bytes]:
        deadline = time.monotonic() + seconds
        with opening as stream:
            while not stream.ended and (left := deadline - time.monotonic()) > 0:
                waiting = await stream.next(min(left, ping_seconds))
                if stream.ended or not _holds(who, book):
                    return
                yield b"".join(b"data: %b\n\n" % event for event in waiting) or b": ping\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _holds(who: Principal, book: AccessBook) -> bool:
    try:
        book.current(who)
    except AgentbusError:
        return False
    return True
