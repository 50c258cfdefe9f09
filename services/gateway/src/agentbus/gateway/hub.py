"""All watched rooms of one kind in this process. A record that nobody watches costs one look-up of its key.

Called by the live tail (`on_records`, synchronously, so a position and a room never disagree) and sessions.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from prometheus_client import Gauge

from agentbus.bus.record import Record
from agentbus.gateway import instruments
from agentbus.gateway.ports import Live, Watcher
from agentbus.observability.metrics import observe
from agentbus.observability.tracing import first_recorded, parent_in, span


class AnyRoom(Protocol):
    """What is common to the room of a plan and that of a workspace."""

    partition: int
    start: int
    visitors: int

    @property
    def key(self) -> str:
        """The key of its records."""
        ...

    @property
    def live(self) -> bool:
        """Tells whether it is known what lies before `start`."""
        ...

    def leave(self, watcher: Watcher) -> None:
        """Forgets a watcher; it may have left already."""
        ...

    def take(self, records: Iterable[Record]) -> int:
        """Takes live records in, in log order, and sends what counts; returns how many did."""
        ...

    def close(self) -> None:
        """Gives back its memory."""
        ...


R = TypeVar("R", bound=AnyRoom)


class Hub(Generic[R]):
    """Keeps a room per key of `topic` for as long as someone is in it; `watched` shows how many."""

    def __init__(
        self, live: Live, topic: str, open_room: Callable[[str, int, int, str], R], watched: Gauge
    ) -> None:
        self._live = live
        self._topic = topic
        self._open_room = open_room
        self._watched = watched
        self._rooms: dict[str, R] = {}

    def find(self, key: str) -> R | None:
        """Returns the room of `key` if someone is in it."""
        return self._rooms.get(key)

    def enter(self, key: str, partition: int, workspace_id: str) -> R:
        """Returns the room of `key`, opened at the live end if nobody was in it. Raises Transient before that
        end is known. Each `enter` is followed by one `leave`."""
        room = self._rooms.get(key)
        if room is None:
            start = self._live.position(self._topic, partition)
            room = self._rooms[key] = self._open_room(key, partition, start, workspace_id)
            self._watched.set(len(self._rooms))
        room.visitors += 1
        return room

    def leave(self, room: R, watcher: Watcher) -> None:
        """Takes a watcher out of the room; the last one closes it."""
        room.leave(watcher)
        self.release(room)

    def release(self, room: R) -> None:
        """Undoes an `enter` of someone who watched nothing."""
        room.visitors -= 1
        if room.visitors == 0:
            room.close()
            del self._rooms[room.key]
            self._watched.set(len(self._rooms))

    def horizon(self, room: R) -> int:
        """Returns the offset up to which history must be read: what is at or after it, the room gets live."""
        return self._live.position(self._topic, room.partition) if room.live else room.start

    def on_records(self, records: list[Record]) -> None:
        """Hands live records to the rooms that they belong to."""
        batches: dict[str, list[Record]] = {}
        for record in records:
            if record.key in self._rooms:
                batches.setdefault(record.key, []).append(record)
        for key, batch in batches.items():
            room = self._rooms.get(key)
            if room is not None:
                self._deliver(room, batch)

    def _deliver(self, room: R, batch: list[Record]) -> None:
        parents = [parent_in(record.headers) for record in batch]
        topic = batch[0].topic
        about: dict[str, Any] = {
            "messaging.system": "kafka",
            "messaging.destination.name": topic,
            "messaging.batch.message_count": len(batch),
            "messaging.message.body.size": sum(len(record.value) for record in batch),
        }
        with span(
            f"deliver {topic}",
            "consumer",
            parent=first_recorded(parents),
            links=parents,
            sockets=room.visitors,
            **about,
        ):
            if room.take(batch):
                now = time.time()
                for record in batch:
                    observe(instruments.LATENCY, max(0.0, now - record.appended_at.timestamp()))
