"""A workspace's socket: let in, told what it missed or to pull, then live. Called for each socket.

What it missed comes from the newest stretch of `workspace.changes`, read once when a workspace's first socket
comes, and from memory after that. Whoever needs more, or comes while Kafka cannot be read, is told `resync`:
a pull from the database is exact and costs less than the log of all workspaces.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import WORKSPACE_CHANGES
from agentbus.contracts.workspace_frames import WorkspaceConnected
from agentbus.gateway import instruments
from agentbus.gateway.handlers import Visit
from agentbus.gateway.hub import Hub
from agentbus.gateway.memory import Memory
from agentbus.gateway.ports import Log, Reader
from agentbus.gateway.watch import Watch, Wish
from agentbus.gateway.wire import frame
from agentbus.gateway.workspace_room import Bounds, Newest, WorkspaceRoom, parse
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Invalid, Rejected, Transient
from agentbus.observability.log import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True)
class Stretch:
    """How much of the log is read when a workspace is opened."""

    records: int
    seconds: float


class WorkspaceSessions:
    """What all workspace sessions of the process share."""

    def __init__(
        self,
        *,
        hub: Hub[WorkspaceRoom],
        log: Log,
        memory: Memory,
        clock: Clock,
        bounds: Bounds,
        stretch: Stretch,
        reads_at_once: int,
        ping_interval_seconds: float,
    ) -> None:
        self.hub = hub
        self._log = log
        self._memory = memory
        self._clock = clock
        self._bounds = bounds
        self._stretch = stretch
        self._reads = asyncio.Semaphore(reads_at_once)
        self._ping_interval_seconds = ping_interval_seconds

    async def admit(self, wish: Wish) -> Watch:
        """Returns the watch on the workspace, its room entered and live.

        Raises Rejected (403) when it is not the token's, Transient before the live end is known.
        """
        if wish.badge.principal.workspace_id != wish.key:
            raise Rejected("the access token is for another workspace", code="other_workspace", status=403)
        partition = await self._log.partition_for(WORKSPACE_CHANGES, wish.key)
        room = self.hub.enter(wish.key, partition, wish.key)
        try:
            await self._opened(room)
        except BaseException:
            self.hub.release(room)
            raise
        visit = Visit(wish.about, wish.badge, self._clock, hello=lambda: self._hello(wish, room))

        async def follow(reader: Reader) -> None:
            room.join(reader, wish.badge.principal.user_id, wish.after_seq)

        return Watch(visit, follow, leave=lambda watcher: self.hub.leave(room, watcher))

    async def _opened(self, room: WorkspaceRoom) -> None:
        """Reads what lies before the room, once for all who wait for it."""
        async with room.opening:
            while not room.live:
                await self._open(room)

    async def _open(self, room: WorkspaceRoom) -> None:
        newest, stop = Newest(self._bounds, self._memory), room.start
        try:
            async with asyncio.timeout(self._stretch.seconds), self._reads:
                await self._read(room, newest, stop)
        except (Transient, TimeoutError) as error:
            instruments.HISTORY_FAILURES.labels("topic").inc()
            _log.warning("a workspace opens without history", workspace_id=room.key, error=repr(error))
            newest.forget()
            newest = Newest(self._bounds, self._memory)
        except BaseException:
            newest.forget()
            raise
        if not room.seed(newest, stop):
            newest.forget()

    async def _read(self, room: WorkspaceRoom, newest: Newest, stop: int) -> None:
        begin = await self._log.begin_offset(WORKSPACE_CHANGES, room.partition)
        start = max(begin, stop - self._stretch.records)
        if start >= stop:
            return
        with instruments.HISTORY.labels("topic").time():
            read = self._log.read(WORKSPACE_CHANGES, room.partition, start, stop, key=room.key)
            async with aclosing(read) as records:
                async for record in records:
                    try:
                        entry = parse(record.value, room.key)
                    except Invalid:
                        continue
                    if newest.last_seq is None or entry.seq > newest.last_seq:
                        newest.add(entry)

    def _hello(self, wish: Wish, room: WorkspaceRoom) -> bytes:
        greeting = WorkspaceConnected(
            workspace_id=wish.key,
            user_id=wish.badge.principal.user_id,
            after_seq=wish.after_seq,
            last_seq=room.newest.last_seq,
            ping_interval_seconds=self._ping_interval_seconds,
            timestamp=format_timestamp(self._clock.now()),
        )
        return frame("connection_established", greeting.model_dump())
