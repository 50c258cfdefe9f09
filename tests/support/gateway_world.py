"""A gateway's world in memory: a log, a database that follows it in its own time, a live end, and readers.

Time passes at every call, as `pace` says, so that history, the topic and the live end interleave in any way.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from agentbus.bus.record import Record, Sent
from agentbus.contracts.topics import MESSAGES
from agentbus.gateway.hub import Hub
from agentbus.gateway.instruments import PLANS
from agentbus.gateway.memory import Memory
from agentbus.gateway.room import Room
from agentbus.kernel.errors import Transient
from agentbus.plan.dialect import DEFAULT, Dialect
from agentbus.plan.sequence import PlanSequence

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class LiveEnd:
    """One gateway's end of the log, which moves on in its own time, and its rooms."""

    def __init__(self, records: list[Record], memory: Memory) -> None:
        self._records = records
        self.handed_over = 0
        self.hub = Hub(self, MESSAGES, partial(Room, early_bytes=2_000, memory=memory), PLANS)

    def position(self, topic: str, partition: int) -> int:
        return self.handed_over

    def hand_over(self, number: int) -> None:
        batch = self._records[self.handed_over : self.handed_over + number]
        self.handed_over += len(batch)
        self.hub.on_records(batch)


class World:
    """One partition. `pace()` is called whenever something is awaited and may let any part move on."""

    def __init__(
        self, pace: Callable[["World"], None] = lambda _world: None, *, memory_bytes: int = 100_000
    ) -> None:
        self.records: list[Record] = []
        self.persisted = 0
        self.committed_offset = 0
        self.stored: dict[str, dict[int, dict[str, Any]]] = {}
        self.database_up = True
        self.pages: list[int] = []
        """How many messages each read of the database gave."""
        self.memory_bytes = memory_bytes
        self.memory = Memory(recent_bytes=memory_bytes, early_bytes=memory_bytes)
        self.ends = [LiveEnd(self.records, self.memory) for _ in range(2)]
        self.hub = self.ends[0].hub
        self._sequences: dict[str, PlanSequence] = {}
        self._pace = pace

    def publish(self, message: dict[str, Any], topic: str = MESSAGES) -> None:
        record = Record(topic, 0, len(self.records), message["plan_id"], orjson.dumps(message), (), NOW)
        self.records.append(record)

    def hand_over(self, number: int, end: int = 0) -> None:
        """The live end of a gateway moves on."""
        self.ends[end].hand_over(number)

    def persist(self, number: int, *, skip: int = 0, commit: bool = True) -> None:
        """The persister writes records of a batch (all but the first `skip`), and commits if it wrote all."""
        batch = self.records[self.committed_offset : self.committed_offset + number]
        for record in batch[skip:] if not commit else batch:
            self._store(record)
        if commit:
            self.committed_offset += len(batch)

    def _store(self, record: Record) -> None:
        """Stores what the acceptance rule takes, walking the whole log as the persister does."""
        sequence = PlanSequence()
        message: dict[str, Any] = {}
        for earlier in self.records[: record.offset + 1]:
            if earlier.key == record.key:
                message = orjson.loads(earlier.value)
                verdict = sequence.accept(message["seq"], message["attempt"])
        if verdict.accepted:
            self.stored.setdefault(record.key, {})[message["seq"]] = message

    async def moment(self) -> None:
        self._pace(self)
        await asyncio.sleep(0)

    # The log.
    async def partition_for(self, topic: str, key: str) -> int:
        return 0

    async def begin_offset(self, topic: str, partition: int) -> int:
        return 0

    async def committed(self, group: str, topic: str, partition: int) -> int:
        await self.moment()
        return self.committed_offset

    async def log_read(self, start: int, stop: int, key: str | None) -> AsyncGenerator[Record, None]:
        for record in self.records[start:stop]:
            await self.moment()
            if key in (None, record.key):
                yield record


class MemoryLogReader:
    """`Log` on a world."""

    def __init__(self, world: World) -> None:
        self.partition_for = world.partition_for
        self.begin_offset = world.begin_offset
        self.committed = world.committed
        self._world = world

    def read(
        self, topic: str, partition: int, start: int, stop: int | None = None, key: str | None = None
    ) -> AsyncGenerator[Record, None]:
        return self._world.log_read(start, len(self._world.records) if stop is None else stop, key)


class MemoryMessages:
    """`StoredMessages` on a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def read(self, plan_id: str, after_seq: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        await self._world.moment()
        if not self._world.database_up:
            raise Transient("no database")
        documents = self._world.stored.get(plan_id, {})
        found = [documents[seq] for seq in sorted(documents) if seq > after_seq]
        await self._world.moment()
        self._world.pages.append(len(found[:limit]))
        return found[:limit]


class MemoryPlans:
    """`StoredPlans`: what is put in `documents`."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}

    async def get(self, plan_id: str) -> dict[str, Any] | None:
        return self.documents.get(plan_id)


class MemoryCommands:
    """`Commands`: keeps what was sent; `up` False is Kafka away."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.up = True

    async def send(
        self, topic: str, key: str, value: bytes | None, *, schema: str, timeout_seconds: float = 5.0
    ) -> Sent:
        if not self.up:
            raise Transient("Kafka does not answer")
        self.sent.append((topic, key, orjson.loads(value or b"null")))
        return Sent(0, len(self.sent) - 1)


class MemoryReader:
    """A socket that keeps what it is sent, as the `data` of its frames."""

    dialect: Dialect = DEFAULT

    def __init__(self, world: World) -> None:
        self.seen: list[dict[str, Any]] = []
        self.writes: list[int] = []
        """How many bytes each write had."""
        self._world = world

    def write(self, frames: bytes, count: int) -> None:
        self.writes.append(len(frames))
        payloads = list(unframed(frames))
        assert len(payloads) == count
        self.seen += [orjson.loads(payload)["data"] for payload in payloads]

    def take(self, frames: bytes, count: int) -> bool:
        self.write(frames, len(list(unframed(frames))))
        return True

    async def drained(self, within_seconds: float) -> None:
        await self._world.moment()


def unframed(frames: bytes) -> list[bytes]:
    """Returns the payloads of server text frames, and fails on anything else."""
    found, at = [], 0
    while at < len(frames):
        assert frames[at] == 0x81
        size, at = frames[at + 1], at + 2
        if size == 126:
            size, at = int.from_bytes(frames[at : at + 2], "big"), at + 2
        elif size == 127:
            size, at = int.from_bytes(frames[at : at + 8], "big"), at + 8
        found.append(frames[at : at + size])
        assert len(found[-1]) == size
        at += size
    return found
