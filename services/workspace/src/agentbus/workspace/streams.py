"""Live changes for clients that follow a collection over server-sent events (RxDB's pull stream).

Guarantee: that of an `EventStream`, whose `RESYNC` means "pull now". Fed by the tail of `workspace.changes`
(`subscribers.py`); read by `sync_routes.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from agentbus.chassis.event_stream import EventStream
from agentbus.contracts.workspace import CollectionName
from agentbus.kernel.errors import Transient
from agentbus.workspace.instruments import RESYNCS, STREAMS


class Streams:
    """All streams of this process."""

    def __init__(self, *, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._open: dict[tuple[str, CollectionName], set[EventStream]] = {}
        self._count = 0
        self._stopping = False

    def publish(self, workspace_id: str, collection: CollectionName, event: bytes) -> None:
        """Hands an event to those who follow the collection."""
        for stream in self._open.get((workspace_id, collection), ()):
            if not stream.add(event):
                RESYNCS.inc()

    def follows(self, workspace_id: str, collection: CollectionName) -> bool:
        """Whether anyone follows the collection here."""
        return (workspace_id, collection) in self._open

    def require_room(self) -> None:
        """Raises Transient when there are too many streams, or the process stops."""
        if self._count >= self._limit or self._stopping:
            raise Transient("there are too many streams here", code="too_many_streams")

    @contextmanager
    def opened(self, workspace_id: str, collection: CollectionName) -> Iterator[EventStream]:
        """Gives a stream of what is published from now on. Raises Transient as `require_room`."""
        self.require_room()
        stream, key = EventStream(self._limit_bytes), (workspace_id, collection)
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
