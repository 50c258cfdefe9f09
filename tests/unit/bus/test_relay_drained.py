"""A busy outbox is never empty: who waits for it must wait for what was there, not for what comes."""

import asyncio

import pytest
from aiokafka.structs import RecordMetadata  # type: ignore[import-untyped]

from agentbus.bus.address import BusAddress
from agentbus.bus.outbox_file import Row
from agentbus.bus.record import Outgoing
from agentbus.bus.relay import Relay


class BusyOutbox:
    """Has a hundred rows more than are acknowledged, always."""

    def __init__(self) -> None:
        self.taken = self.acknowledged = 0

    async def take(self) -> list[Row]:
        await asyncio.sleep(0.001)
        self.taken += 1
        return [Row(self.taken, Outgoing("t", "k", b"v"))]

    def rewind(self) -> None:
        self.taken = self.acknowledged

    def acknowledge(self, up_to_id: int, rows: int) -> None:
        self.acknowledged = up_to_id

    def stored_up_to(self) -> int:
        return self.acknowledged + 100

    def acknowledged_up_to(self) -> int:
        return self.acknowledged

    def pending(self) -> int:
        return 100


class PromptProducer:
    def __init__(self, address: BusAddress) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def submit(self, record: Outgoing) -> asyncio.Future[RecordMetadata]:
        acknowledged: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(RecordMetadata("t", 0, None, 0, 0, 0, 0))
        return acknowledged


async def test_a_busy_outbox_is_drained_of_what_it_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentbus.bus.relay.Producer", PromptProducer)
    outbox = BusyOutbox()
    async with Relay(outbox, BusAddress("nowhere:1")) as relay, asyncio.timeout(5):
        await relay.drained()
    assert outbox.acknowledged >= 100
