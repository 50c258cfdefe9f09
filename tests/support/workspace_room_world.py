"""Sessions of workspaces over a log in memory, that moves on at every await as `pace` says."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import orjson
from support.gateway_world import unframed
from support.workspace_changes import change

from agentbus.bus.record import Record
from agentbus.chassis.auth import Principal, Role
from agentbus.contracts.topics import WORKSPACE_CHANGES
from agentbus.gateway.access import Badge
from agentbus.gateway.hub import Hub
from agentbus.gateway.instruments import WORKSPACES
from agentbus.gateway.memory import Memory
from agentbus.gateway.neighbours import Bus, Neighbours
from agentbus.gateway.watch import Watch, Wish
from agentbus.gateway.workspace_room import Bounds, WorkspaceRoom
from agentbus.gateway.workspace_session import Stretch, WorkspaceSessions
from agentbus.kernel.clock import SystemClock
from agentbus.kernel.errors import Transient
from agentbus.plan.dialect import DEFAULT, Dialect

SPACE = "space"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class WorkspaceWorld:
    """One partition of `workspace.changes`, its live end, and sessions on it."""

    def __init__(
        self,
        pace: Callable[["WorkspaceWorld"], None] = lambda _world: None,
        *,
        stretch: int = 1_000,
        memory_bytes: int = 100_000,
        recent_bytes: int = 100_000,
        early_bytes: int = 100_000,
    ) -> None:
        self.records: list[Record] = []
        self.handed_over = 0
        self.log_up = True
        self.memory = Memory(memory_bytes, memory_bytes)
        bounds = Bounds(recent_bytes, early_bytes, change_bytes=1_500, presence_seconds=0.001)
        neighbours = Neighbours(cast("Bus", None), SystemClock(), 10.0)  # never started: says nothing
        open_room = partial(WorkspaceRoom, bounds=bounds, memory=self.memory, neighbours=neighbours)
        self.hub = Hub(self, WORKSPACE_CHANGES, open_room, WORKSPACES)
        self.sessions = WorkspaceSessions(
            hub=self.hub,
            log=self,
            memory=self.memory,
            clock=SystemClock(),
            bounds=bounds,
            stretch=Stretch(stretch, 5.0),
            reads_at_once=2,
            ping_interval_seconds=20,
        )
        self._pace = pace

    def publish(self, seq: int, workspace_id: str = SPACE, **fields: Any) -> None:
        value = orjson.dumps({**change(workspace_id, seq), **fields})
        self.records.append(Record(WORKSPACE_CHANGES, 0, len(self.records), workspace_id, value, (), NOW))

    def hand_over(self, number: int) -> None:
        """The live end moves on."""
        batch = self.records[self.handed_over : self.handed_over + number]
        self.handed_over += len(batch)
        self.hub.on_records(batch)

    async def moment(self) -> None:
        self._pace(self)
        await asyncio.sleep(0)

    async def admit(self, after_seq: int | None, user: str = "ada", workspace_id: str = SPACE) -> Watch:
        who = Principal(user, workspace_id, Role.VIEWER)
        badge = cast("Badge", SimpleNamespace(principal=who))
        return await self.sessions.admit(Wish(SPACE, {"workspace_id": SPACE}, after_seq, badge))

    # The log and its live end.
    def position(self, topic: str, partition: int) -> int:
        return self.handed_over

    async def partition_for(self, topic: str, key: str) -> int:
        return 0

    async def begin_offset(self, topic: str, partition: int) -> int:
        return 0

    async def committed(self, group: str, topic: str, partition: int) -> int:
        return 0

    async def read(
        self, topic: str, partition: int, start: int, stop: int | None = None, key: str | None = None
    ) -> AsyncGenerator[Record, None]:
        for record in self.records[start:stop]:
            await self.moment()
            if not self.log_up:
                raise Transient("no Kafka")
            if key in (None, record.key):
                yield record


class SocketInMemory:
    """A socket that keeps the frames that it was sent."""

    dialect: Dialect = DEFAULT

    def __init__(self, world: WorkspaceWorld) -> None:
        self.frames: list[dict[str, Any]] = []
        self._world = world

    def write(self, frames: bytes, count: int) -> None:
        payloads = unframed(frames)
        assert len(payloads) == count
        self.frames += [orjson.loads(payload) for payload in payloads]

    def take(self, frames: bytes, count: int) -> bool:
        self.write(frames, len(list(unframed(frames))))
        return True

    async def drained(self, within_seconds: float) -> None:
        await self._world.moment()

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Returns the frames of these types."""
        return [frame for frame in self.frames if frame["type"] in kinds]

    @property
    def said(self) -> list[int | str]:
        """Changes by their number, and `resync`, in their order."""
        return [
            "resync" if frame["type"] == "resync" else frame["data"]["seq"]
            for frame in self.of("resync", "workspace_change")
        ]
