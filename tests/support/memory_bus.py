"""One partition of the plans' topics in memory, with a chance to switch tasks around every step."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from agentbus.contracts.plan_record import PlanRecord


class MemoryBus:
    """What several runners share: the log and the records."""

    def __init__(self, seed: int) -> None:
        self.log: list[dict[str, Any]] = []
        self.records: list[PlanRecord] = []
        self._random = random.Random(seed)

    async def switch(self) -> None:
        for _ in range(self._random.randrange(6)):
            await asyncio.sleep(0)


class MemoryRunnerPorts:
    """The ports of one runner on a `MemoryBus`: `PlanMessages`, `PlanRecords` and `MessageOutbox`."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus = bus
        self._waiting: list[dict[str, Any]] = []
        self._sending = asyncio.Lock()

    async def end(self, partition: int) -> int:
        await self.bus.switch()
        return len(self.bus.log)

    async def offset_at(self, partition: int, moment: datetime) -> int:
        return 0

    async def read(
        self, partition: int, start: int, stop: int | None = None, plan_id: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        for message in self.bus.log[start : len(self.bus.log) if stop is None else stop]:
            await self.bus.switch()
            if plan_id in (None, message["plan_id"]):
                yield message

    async def publish(self, plan_id: str, message: Mapping[str, Any]) -> int:
        await self.bus.switch()
        self.bus.log.append(dict(message))
        offset = len(self.bus.log) - 1
        await self.bus.switch()
        return offset

    async def append(self, topic: str, key: str, value: Mapping[str, Any], *, schema: str) -> None:
        self._waiting.append(dict(value))
        await self.bus.switch()
        await self.drained()

    async def drained(self) -> None:
        async with self._sending:
            while self._waiting:
                await self.bus.switch()
                self.bus.log.append(self._waiting.pop(0))


class MemoryRecords:
    """`PlanRecords` on a `MemoryBus`."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    async def read(self, partition: int, plan_id: str | None = None) -> AsyncIterator[PlanRecord]:
        for record in list(self._bus.records):
            await self._bus.switch()
            if plan_id in (None, record.start.plan_id):
                yield record

    async def write(self, record: PlanRecord) -> None:
        await self._bus.switch()
        self._bus.records.append(record)
