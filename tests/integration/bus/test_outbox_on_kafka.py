"""The outbox and its relay on a real broker: killed for real, nothing lost, order kept."""

import asyncio
import sys
from pathlib import Path

import pytest
from support.killed_process import output_until_killed
from support.work_topic import WORK, Seen, whole_topic

from agentbus.bus.address import BusAddress
from agentbus.bus.outbox import Outbox, Relay
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing, Sent
from agentbus.observability.tracing import span, traceparent

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("lines", [1, 700, 3000])
async def test_kill_9_loses_nothing_that_was_appended(
    address: BusAddress, reader: Reader, tmp_path: Path, lines: int
) -> None:
    path = tmp_path / "outbox.db"
    script = [sys.executable, "-m", "support.appending_process", str(path)]
    durable = await output_until_killed([*script, address.bootstrap, address.namespace], lines=lines)
    outbox = Outbox(path)
    async with Relay(outbox, address) as relay:
        await asyncio.wait_for(relay.drained(), 60)
    await outbox.close()
    written = Seen()
    for record in await whole_topic(reader, WORK):
        written.note(record)
    published = {f"{key}:{number}" for key in written.numbers for number in written.numbers[key]}
    assert set(durable) <= published
    for key in written.numbers:
        assert written.first_seen(key) == list(range(len(written.first_seen(key))))


async def test_the_relay_is_woken_at_once_and_carries_the_trace(
    address: BusAddress, reader: Reader, tmp_path: Path
) -> None:
    acknowledged: asyncio.Queue[tuple[Outgoing, Sent]] = asyncio.Queue()
    outbox = Outbox(tmp_path / "outbox.db")
    async with Relay(outbox, address, lambda record, sent: acknowledged.put_nowait((record, sent))) as relay:
        with span("a test"):
            parent = traceparent()
            await outbox.append(WORK, "k", b"k:0", "work.v1")
        record, sent = await asyncio.wait_for(acknowledged.get(), 10)
        await relay.drained()
    await outbox.close()
    (read,) = await whole_topic(reader, WORK)
    assert (read.partition, read.offset, read.value) == (sent.partition, sent.offset, record.value)
    assert read.header("schema") == "work.v1"
    assert read.header("content-type") == "application/json"
    assert read.header("traceparent") == parent


async def test_a_long_outage_goes_through_the_file_in_order(
    address: BusAddress, reader: Reader, tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path / "outbox.db", synchronous="normal")
    for first in range(0, 6000, 500):
        numbers = range(first, first + 500)
        await asyncio.gather(
            *(outbox.append(WORK, "k", f"k:{number}".encode(), "work.v1") for number in numbers)
        )
    assert outbox.pending() == 6000
    async with Relay(outbox, address) as relay:
        await outbox.append(WORK, "k", b"k:6000", "work.v1")
        await asyncio.wait_for(relay.drained(), 60)
    await outbox.close()
    values = [record.value.decode() for record in await whole_topic(reader, WORK)]
    assert values == [f"k:{number}" for number in range(6001)]
    again = Outbox(tmp_path / "outbox.db")
    assert again.pending() == 0
    await again.close()
