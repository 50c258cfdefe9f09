"""Kafka dies and comes back: producers, consumers, tails and the outbox go on; nothing is sent late."""

import asyncio
import uuid
from pathlib import Path

import pytest
from support.delivering import delivering
from support.eventually import eventually
from support.own_kafka import OwnKafka
from support.work_topic import GROUP, TOPICS, WORK, Seen, publish, whole_topic

from agentbus.bus.address import BusAddress
from agentbus.bus.delivery import Delivery
from agentbus.bus.outbox import Outbox, Relay
from agentbus.bus.producer import Producer
from agentbus.bus.provisioning import provision
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.bus.tail import Tail
from agentbus.kernel.errors import Transient

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

KEYS = [f"k{number}" for number in range(8)]


@pytest.fixture
async def address(own_kafka: OwnKafka) -> BusAddress:
    address = BusAddress(own_kafka.bootstrap, f"t{uuid.uuid4().hex[:10]}.")
    await provision(address, TOPICS)
    return address


async def test_consumers_tails_and_the_outbox_survive_a_killed_broker(
    address: BusAddress, own_kafka: OwnKafka, reader: Reader, tmp_path: Path
) -> None:
    seen, live = Seen(), Seen()
    outbox = Outbox(tmp_path / "outbox.db")
    tail = Tail(address, [WORK], lambda records: _note(live, records))
    await tail.start()
    delivery = Delivery(address, topics=[WORK], group=GROUP, handler=seen)
    async with Relay(outbox, address) as relay, delivering(delivery):
        await _append(outbox, range(50))
        await relay.drained()
        await own_kafka.kill()
        await _append(outbox, range(50, 100))
        assert outbox.pending() == 50 * len(KEYS)
        await own_kafka.start()
        await _append(outbox, range(100, 150))
        await asyncio.wait_for(relay.drained(), 60)
        await eventually(lambda: _complete(seen, 150), within=60)
        await eventually(lambda: _complete(live, 150), within=30)
    await tail.stop()
    await outbox.close()
    written = Seen()
    _note(written, await whole_topic(reader, WORK))
    _complete(written, 150)


async def test_what_was_not_acknowledged_in_time_is_not_sent_later(
    address: BusAddress, own_kafka: OwnKafka, producer: Producer, reader: Reader
) -> None:
    await producer.send(WORK, "k", b"k:0", schema="work.v1")
    await own_kafka.kill()
    refusals = await asyncio.gather(
        *(producer.send(WORK, "k", b"late:1", schema="work.v1", timeout_seconds=1.0) for _ in range(20)),
        return_exceptions=True,
    )
    assert [type(refusal) for refusal in refusals] == [Transient] * 20
    await own_kafka.start()
    await producer.send(WORK, "k", b"k:1", schema="work.v1", timeout_seconds=30.0)
    assert [record.value for record in await whole_topic(reader, WORK)] == [b"k:0", b"k:1"]


async def test_a_broker_that_hangs_is_given_up_in_time(
    address: BusAddress, own_kafka: OwnKafka, producer: Producer, reader: Reader
) -> None:
    await producer.send(WORK, "k", b"k:0", schema="work.v1")
    await own_kafka.freeze()
    async with asyncio.timeout(5):
        with pytest.raises(Transient):
            await producer.send(WORK, "k", b"late:1", schema="work.v1", timeout_seconds=1.0)
        with pytest.raises(Transient):
            await producer.send(WORK, "k", b"late:2", schema="work.v1", timeout_seconds=1.0)
    own_kafka.thaw()
    await producer.send(WORK, "k", b"k:1", schema="work.v1", timeout_seconds=30.0)
    # The first was on the wire; the second never left.
    values = [record.value for record in await whole_topic(reader, WORK)]
    assert [value for value in values if value != b"late:1"] == [b"k:0", b"k:1"]


async def test_a_reader_outlives_its_broker(
    address: BusAddress, own_kafka: OwnKafka, producer: Producer
) -> None:
    reader = Reader(address, timeout_seconds=2.0)
    await publish(producer, ["k"], each=3)
    partition = await reader.partition_for(WORK, "k")

    async def answers() -> None:
        try:
            assert await reader.committed("nobody", WORK, partition) == 0
            assert [record.offset async for record in reader.read(WORK, partition, 0)] == [0, 1, 2]
        except Transient as error:
            raise AssertionError from error

    await answers()
    for away in (own_kafka.kill, own_kafka.freeze):
        await away()
        with pytest.raises(Transient):
            await reader.end_offset(WORK, partition)
        await own_kafka.start()
        await eventually(answers, within=20)
    await reader.stop()


async def test_everything_starts_while_kafka_is_down(address: BusAddress, own_kafka: OwnKafka) -> None:
    await own_kafka.kill()
    seen, live = Seen(), Seen()
    producer, tail = Producer(address), Tail(address, [WORK], lambda records: _note(live, records))
    await producer.start()
    await tail.start(wait_seconds=0.2)
    assert not tail.attached
    with pytest.raises(Transient):
        tail.position(WORK, 0)
    async with delivering(Delivery(address, topics=[WORK], group=GROUP, handler=seen)):
        await own_kafka.start()
        await eventually(lambda: _expect(tail.attached), within=30)
        await publish(producer, KEYS, each=5)
        await eventually(lambda: _complete(seen, 5), within=40)
        await eventually(lambda: _complete(live, 5), within=10)
    await tail.stop()
    await producer.stop()


async def _append(outbox: Outbox, numbers: range) -> None:
    for number in numbers:
        await asyncio.gather(
            *(outbox.append(WORK, key, f"{key}:{number}".encode(), "work.v1") for key in KEYS)
        )


def _note(seen: Seen, records: list[Record]) -> None:
    for record in records:
        seen.note(record)


def _complete(seen: Seen, each: int) -> None:
    assert {key: seen.first_seen(key) for key in KEYS} == {key: list(range(each)) for key in KEYS}


def _expect(condition: bool) -> None:
    assert condition
