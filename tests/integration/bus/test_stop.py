"""Stopped at any moment, also while they start, the bus' classes leave no connection open."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.work_topic import GROUP, WORK, Seen

from agentbus.bus.address import BusAddress
from agentbus.bus.delivery import Delivery
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.bus.tail import Tail
from agentbus.kernel.errors import AgentbusError

pytestmark = pytest.mark.integration

MOMENTS_MS = (0, 1, 2, 3, 4, 6, 10, 30, 200)


@pytest.fixture
async def connections(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Transport]:
    """Every transport that the loop opened during the test."""
    opened: list[asyncio.Transport] = []
    loop = asyncio.get_running_loop()
    create = loop.create_connection

    async def noting(*args: Any, **kwargs: Any) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        transport, protocol = await create(*args, **kwargs)
        opened.append(transport)
        return transport, protocol

    monkeypatch.setattr(loop, "create_connection", noting)
    return opened


async def _producer(address: BusAddress, seconds: float) -> None:
    producer = Producer(address)
    await producer.start()
    records = [Outgoing(WORK, "k", b"x") for _ in range(50)]
    sending = asyncio.create_task(producer.send_all(records))
    await asyncio.sleep(seconds)
    await producer.stop()
    await asyncio.gather(sending, return_exceptions=True)
    await producer.stop()


async def _reader(address: BusAddress, seconds: float) -> None:
    reader = Reader(address)
    asking = asyncio.create_task(reader.end_offsets(WORK))
    await asyncio.sleep(seconds)
    async with asyncio.timeout(2):
        await reader.stop()
        with contextlib.suppress(AgentbusError):
            await asking


async def _cancelled_reader(address: BusAddress, seconds: float) -> None:
    reader = Reader(address)
    asking = asyncio.create_task(reader.end_offsets(WORK))
    await asyncio.sleep(seconds)
    asking.cancel()
    await asyncio.wait([asking])
    await reader.stop()


async def _tail(address: BusAddress, seconds: float) -> None:
    tail = Tail(address, [WORK], lambda _records: None)
    starting = asyncio.create_task(tail.start())
    await asyncio.sleep(seconds)
    await tail.stop()
    starting.cancel()
    await asyncio.wait([starting])


async def _delivery(address: BusAddress, seconds: float) -> None:
    delivery = Delivery(address, topics=[WORK], group=GROUP, handler=Seen())
    running = asyncio.create_task(delivery.run())
    await asyncio.sleep(seconds)
    await delivery.stop()
    await running


@pytest.mark.parametrize("life", [_producer, _reader, _cancelled_reader, _tail, _delivery])
async def test_nothing_stays_open(
    address: BusAddress,
    life: Callable[[BusAddress, float], Awaitable[None]],
    connections: list[asyncio.Transport],
) -> None:
    for moment in MOMENTS_MS:
        await asyncio.wait_for(life(address, moment / 1000), 20)
        assert all(each.is_closing() for each in connections), f"after {moment} ms"
    assert connections
