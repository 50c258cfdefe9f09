"""All watched plans of this process. A record of a plan that nobody watches costs one look-up of its key.

Called by the live tail (`on_records`, synchronously, so a position and a room never disagree) and sessions.
"""

import time

from agentbus.bus.record import Record
from agentbus.contracts.topics import MESSAGES
from agentbus.gateway import instruments
from agentbus.gateway.memory import Memory
from agentbus.gateway.ports import Live, Watcher
from agentbus.gateway.room import Room


class Hub:
    """Keeps a room per plan for as long as someone is in it."""

    def __init__(self, live: Live, *, early_bytes: int, memory: Memory) -> None:
        self._live = live
        self._memory = memory
        self._early_bytes = early_bytes
        self._rooms: dict[str, Room] = {}

    def find(self, plan_id: str) -> Room | None:
        """Returns the plan's room if someone is in it."""
        return self._rooms.get(plan_id)

    def enter(self, plan_id: str, partition: int, workspace_id: str) -> Room:
        """Returns the plan's room, opened at the live end if nobody was in it. Raises Transient before that
        end is known. Each `enter` is followed by one `leave`."""
        room = self._rooms.get(plan_id)
        if room is None:
            start = self._live.position(MESSAGES, partition)
            room = Room(
                plan_id,
                partition,
                start,
                early_bytes=self._early_bytes,
                memory=self._memory,
                workspace_id=workspace_id,
            )
            self._rooms[plan_id] = room
            instruments.PLANS.set(len(self._rooms))
        room.visitors += 1
        return room

    def leave(self, room: Room, watcher: Watcher) -> None:
        """Takes a watcher out of the room; the last one closes it."""
        room.leave(watcher)
        room.visitors -= 1
        if room.visitors == 0:
            room.close()
            del self._rooms[room.plan_id]
            instruments.PLANS.set(len(self._rooms))

    def horizon(self, room: Room) -> int:
        """Returns the offset up to which history must be read: what is at or after it, the room gets live."""
        return self._live.position(MESSAGES, room.partition) if room.live else room.start

    def on_records(self, records: list[Record]) -> None:
        """Hands live records to the rooms that they belong to."""
        batches: dict[str, list[Record]] = {}
        for record in records:
            if record.key in self._rooms:
                batches.setdefault(record.key, []).append(record)
        for plan_id, batch in batches.items():
            room = self._rooms.get(plan_id)
            if room is not None and room.take(batch):
                now = time.time()
                for record in batch:
                    instruments.LATENCY.observe(max(0.0, now - record.appended_at.timestamp()))
