"""Live changes for clients that follow a collection over server-sent events (RxDB's pull stream).

Guarantee: after its first `RESYNC`, which says "pull now", a stream carries every change in order; one that
reads too slowly loses what waits and gets `RESYNC` instead, so its memory is bounded. Fed by the tail of
`workspace.changes` (`subscribers.py`); read by `sync_routes.py`.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from agentbus.contracts.workspace import CollectionName
from agentbus.kernel.errors import Transient
from agentbus.workspace.instruments import RESYNCS, STREAMS

RESYNC: Final = b'"RESYNC"'


class Stream:
    """One client's: what it has not read yet."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._waiting: deque[bytes] = deque([RESYNC])
        self._bytes = 0
        self._moved = asyncio.Event()
        self._moved.set()
        self.ended = False

    def add(self, event: bytes) -> None:
        """Takes in the next event."""
        self._bytes += len(event)
        if self._bytes > self._limit_bytes:
            RESYNCS.inc()
            self._waiting.clear()
            self._bytes, event = 0, RESYNC
        self._waiting.append(event)
        self._moved.set()

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
        self._bytes = 0
        return events


class Streams:
    """All streams of this process."""

    def __init__(self, *, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._open: dict[tuple[str, CollectionName], set[Stream]] = {}
        self._count = 0
        self._stopping = False

    def publish(self, workspace_id: str, collection: CollectionName, event: bytes) -> None:
        """Hands an event to those who follow the collection."""
        for stream in self._open.get((workspace_id, collection), ()):
            stream.add(event)

    def follows(self, workspace_id: str, collection: CollectionName) -> bool:
        """Whether anyone follows the collection here."""
        return (workspace_id, collection) in self._open

    def require_room(self) -> None:
        """Raises Transient when there are too many streams, or the process stops."""
        if self._count >= self._limit or self._stopping:
            raise Transient("there are too many streams here", code="too_many_streams")

    @contextmanager
    def opened(self, workspace_id: str, collection: CollectionName) -> Iterator[Stream]:
        """Gives a stream of what is published from now on. Raises Transient as `require_room`."""
        self.require_room()
        stream, key = Stream(self._limit_bytes), (workspace_id, collection)
        self._open.setdefault(key, set()).add(stream)
        self._count += 1
        STREAMS.set(self._count)
        try:
            yield stream
        finally:
            self._open[key].discard(stream)
            if not self._open[key]:
                del self._open[key]
            self._count -= 1
            STREAMS.set(self._count)

    def end_all(self) -> None:
        """Ends every stream: the process stops, and clients go elsewhere."""
        self._stopping = True
        for streams in self._open.values():
            for stream in streams:
                stream.end()
