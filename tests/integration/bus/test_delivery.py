"""What Delivery promises, on a real broker."""

import asyncio
from collections.abc import Sequence

import pytest
from support.delivering import delivering
from support.eventually import eventually
from support.work_topic import DEAD, GROUP, WORK, Seen, publish, whole_topic

from agentbus.bus import instruments
from agentbus.bus.address import BusAddress
from agentbus.bus.dead_letter import TooMuchPoison, parse
from agentbus.bus.delivery import Batch, DeadLetterLimits, Delivery, Poison
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Fatal, Transient

pytestmark = pytest.mark.integration

KEYS = [f"k{number}" for number in range(12)]
QUICK = Backoff(0.05, 0.2)


async def test_a_partition_that_cannot_be_handled_waits_and_the_others_go_on(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    stuck, seen, available = await reader.partition_for(WORK, KEYS[0]), Seen(), asyncio.Event()
    tries = 0

    async def handler(batch: Batch) -> Sequence[Poison]:
        nonlocal tries
        if batch.partition == stuck and not available.is_set():
            tries += 1
            raise Transient("the database is away")
        return await seen(batch)

    elsewhere = [key for key in KEYS if await reader.partition_for(WORK, key) != stuck]
    await publish(producer, KEYS, each=50)
    delivery = Delivery(
        address, topics=[WORK], group=GROUP, handler=handler, max_batch_records=20, backoff=QUICK
    )
    async with delivering(delivery):
        await eventually(lambda: _expect(seen.total() == 50 * len(elsewhere) and tries >= 3), within=20)
        assert await reader.committed(GROUP, WORK, stuck) == 0
        available.set()
        await eventually(lambda: _expect(seen.total() == 50 * len(KEYS)), within=20)
    assert {key: seen.numbers[key] for key in KEYS} == {key: list(range(50)) for key in KEYS}


async def test_an_offset_is_committed_after_the_handler_and_not_before(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def handler(batch: Batch) -> Sequence[Poison]:
        entered.set()
        await leave.wait()
        return []

    sent = await producer.send(WORK, "k", b"k:0", schema="work.v1")
    async with delivering(Delivery(address, topics=[WORK], group=GROUP, handler=handler)):
        await asyncio.wait_for(entered.wait(), 20)
        assert await reader.committed(GROUP, WORK, sent.partition) == 0
        leave.set()

        async def committed() -> None:
            assert await reader.committed(GROUP, WORK, sent.partition) == sent.offset + 1

        await eventually(committed, within=5)


async def test_the_lag_is_what_is_not_committed_and_none_when_all_is(
    address: BusAddress, producer: Producer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentbus.bus.membership._WATCH_SECONDS", 3.0)
    leave, group = asyncio.Event(), "measured"

    async def handler(batch: Batch) -> Sequence[Poison]:
        await leave.wait()
        return []

    def lag() -> float:
        return float(instruments.LAG_RECORDS.labels(WORK, group)._value.get())

    await publish(producer, KEYS, each=100)
    async with delivering(Delivery(address, topics=[WORK], group=group, handler=handler)):
        await eventually(lambda: _expect(lag() == 100 * len(KEYS)), within=10)
        leave.set()
        # Sooner than it looks at the partitions' ends again.
        await eventually(lambda: _expect(lag() == 0), within=2)
        committed = [await reader.committed(group, WORK, each) for each in range(6)]
        assert sum(committed) == 100 * len(KEYS)


async def test_poison_goes_to_the_dead_letter_with_its_bytes_and_reason(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    seen, broken = Seen(), b"\xff\x00not json"

    async def handler(batch: Batch) -> Sequence[Poison]:
        good = [record for record in batch.records if record.value != broken]
        await seen(Batch(batch.topic, batch.partition, good))
        return [Poison(record, "undecodable", "not JSON") for record in batch.records if record not in good]

    await publish(producer, ["k"], each=3)
    sent = (await producer.send_all([Outgoing(WORK, "k", broken, [("trace", b"\x01")])]))[0]
    await publish(producer, ["k"], each=3, first=3)
    async with delivering(Delivery(address, topics=[WORK], group=GROUP, handler=handler)):
        await eventually(lambda: _expect(seen.numbers["k"] == list(range(6))), within=20)
    (letter,) = [parse(record) for record in await whole_topic(reader, DEAD)]
    assert (letter.code, letter.reason, letter.group) == ("undecodable", "not JSON", GROUP)
    assert (letter.topic, letter.partition, letter.offset) == (WORK, sent.partition, sent.offset)
    assert letter.original == Outgoing(WORK, "k", broken, [("trace", b"\x01")])
    assert await reader.committed(GROUP, WORK, sent.partition) == 7


async def test_the_record_that_breaks_the_handler_is_found_and_put_aside_with_the_stack(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    seen = Seen()

    async def handler(batch: Batch) -> Sequence[Poison]:
        if any(record.value == b"k:5" for record in batch.records):
            raise ZeroDivisionError("a bug")
        return await seen(batch)

    await publish(producer, ["k"], each=10)
    delivery = Delivery(address, topics=[WORK], group=GROUP, handler=handler, backoff=QUICK)
    async with delivering(delivery):
        await eventually(lambda: _expect(seen.numbers["k"] == [0, 1, 2, 3, 4, 6, 7, 8, 9]), within=20)
    (letter,) = [parse(record) for record in await whole_topic(reader, DEAD)]
    assert letter.code == "handler_error"
    assert "ZeroDivisionError: a bug" in letter.reason
    assert "Traceback" in letter.reason


async def test_past_the_limit_the_partition_is_halted_and_the_others_go_on(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    seen, bad = Seen(), await reader.partition_for(WORK, "k")
    good, *_ = [key for key in KEYS if await reader.partition_for(WORK, key) != bad]

    async def handler(batch: Batch) -> Sequence[Poison]:
        if batch.partition == bad:
            return [Poison(record, "unknown", "of a schema to come") for record in batch.records]
        return await seen(batch)

    async def halted() -> str:
        try:
            await delivery.unhalted()
        except TooMuchPoison as error:
            return error.message
        raise AssertionError("it goes on")

    await publish(producer, ["k"], each=11)
    limits = DeadLetterLimits(consecutive=10)
    delivery = Delivery(address, topics=[WORK], group=GROUP, handler=handler, limits=limits)
    async with delivering(delivery):
        assert f"{WORK} {bad}: 11 records in a row" in await eventually(halted, within=20)
        await publish(producer, [good], each=3)
        await eventually(lambda: _expect(seen.numbers[good] == [0, 1, 2]), within=20)
        gauge = instruments.HALTED_PARTITIONS.labels(WORK, GROUP)._value
        await eventually(lambda: _expect(gauge.get() == 1), within=20)
    assert await reader.committed(GROUP, WORK, bad) == 0
    assert await whole_topic(reader, DEAD) == []
    repaired = Delivery(address, topics=[WORK], group=GROUP, handler=seen, limits=limits)
    async with delivering(repaired):
        await eventually(lambda: _expect(seen.numbers["k"] == list(range(11))), within=20)
        await repaired.unhalted()


async def test_fatal_from_the_handler_stops_the_consumer(address: BusAddress, producer: Producer) -> None:
    async def handler(batch: Batch) -> Sequence[Poison]:
        raise Fatal("the disk burns")

    await publish(producer, ["k"], each=1)
    with pytest.raises(Fatal, match="burns"):
        await asyncio.wait_for(Delivery(address, topics=[WORK], group=GROUP, handler=handler).run(), 20)


def _expect(condition: bool) -> None:
    assert condition
