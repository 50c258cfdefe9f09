"""Reader, tail, lookup and provisioning on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from support.delivering import delivering
from support.eventually import eventually
from support.made_topics import made_topics
from support.stack import Infra
from support.work_topic import WORK, Seen, publish, whole_topic

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import encode
from agentbus.bus.delivery import Delivery
from agentbus.bus.lookup import find_start, unstored_messages
from agentbus.bus.producer import Producer
from agentbus.bus.provisioning import Wanted, declared, provision
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.bus.tail import Tail
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import COMMANDS, MESSAGES
from agentbus.kernel.errors import Fatal, Invalid

pytestmark = pytest.mark.integration


async def test_a_range_of_a_partition_is_read_by_key(producer: Producer, reader: Reader) -> None:
    keys = [f"k{number}" for number in range(12)]
    await publish(producer, keys, each=30)
    partition = await reader.partition_for(WORK, "k3")
    mine = [record async for record in reader.read(WORK, partition, 0, key="k3")]
    assert [record.value for record in mine] == [f"k3:{number}".encode() for number in range(30)]
    stretch = [record.offset async for record in reader.read(WORK, partition, 5, 20)]
    assert stretch == list(range(5, 20))
    end = await reader.end_offset(WORK, partition)
    assert [record async for record in reader.read(WORK, partition, end)] == []
    assert await reader.end_offsets(WORK) == {each: await reader.end_offset(WORK, each) for each in range(6)}


async def test_readers_work_beside_each_other_and_may_stop_early(producer: Producer, reader: Reader) -> None:
    await publish(producer, ["k"], each=300)
    partition = await reader.partition_for(WORK, "k")

    async def first(count: int) -> int:
        read = reader.read(WORK, partition, 0)
        async for record in read:
            if record.offset == count:
                await read.aclose()
                return record.offset
        return -1

    assert await asyncio.gather(*(first(number) for number in (1, 20, 299, 300))) == [1, 20, 299, -1]
    assert len(await whole_topic(reader, WORK)) == 300


async def test_a_moment_has_an_offset(producer: Producer, reader: Reader) -> None:
    await publish(producer, ["k"], each=3)
    partition, now = await reader.partition_for(WORK, "k"), datetime.now(UTC)
    assert await reader.offset_at(WORK, partition, now - timedelta(hours=1)) == 0
    assert await reader.offset_at(WORK, partition, now + timedelta(hours=1)) == 3


async def test_a_group_that_never_committed_is_at_zero_and_a_topic_may_be_unknown(reader: Reader) -> None:
    assert await reader.committed("nobody", WORK, 0) == 0
    with pytest.raises(Invalid):
        await reader.partitions("nothing")


async def test_the_tail_begins_at_the_end_and_knows_its_position(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    await publish(producer, ["k"], each=3)
    partition = await reader.partition_for(WORK, "k")
    got: list[Record] = []
    tail = Tail(address, [WORK], got.extend)
    await tail.start()
    assert tail.position(WORK, partition) == 3
    await publish(producer, ["k"], each=2, first=3)
    await eventually(lambda: _expect([record.offset for record in got] == [3, 4]), within=10)
    assert tail.position(WORK, partition) == 5
    await tail.stop()


async def test_a_listener_that_fails_does_not_end_the_tail(address: BusAddress, producer: Producer) -> None:
    seen = Seen()

    async def listen(records: list[Record]) -> None:
        for record in records:
            seen.note(record)
        raise ValueError("a bug")

    tail = Tail(address, [WORK], listen)
    await tail.start()
    for number in range(3):
        await publish(producer, ["k"], each=1, first=number)
    await eventually(lambda: _expect(seen.numbers["k"] == [0, 1, 2]), within=10)
    await tail.stop()


async def test_provisioning_is_repeatable_and_refuses_what_cannot_be(stack: Infra) -> None:
    address = BusAddress(stack.kafka_bootstrap, stack.namespace())
    await provision(address)
    await provision(address)
    reader = Reader(address)
    for wanted in declared():
        assert len(await reader.partitions(wanted.name)) == wanted.partitions
    await reader.stop()
    with pytest.raises(Fatal, match="partitions"):
        await provision(address, (Wanted(MESSAGES, 3),))
    with pytest.raises(Fatal, match=r"Invalid value 1x for configuration retention\.ms"):
        await provision(address, (Wanted(MESSAGES, 6, {"retention.ms": "1x"}),))


class TestAPlanThatIsNotStoredYet:
    @pytest.fixture
    async def address(self, stack: Infra) -> AsyncIterator[BusAddress]:
        address = BusAddress(stack.kafka_bootstrap, stack.namespace())
        async with made_topics(address):
            yield address

    async def test_is_found_until_the_runner_committed_its_start(
        self, address: BusAddress, producer: Producer, reader: Reader
    ) -> None:
        await producer.send(COMMANDS, "p", b"not a command", schema="start_plan.v1")
        assert await find_start(reader, "p") is None
        await producer.send(COMMANDS, "p", encode(_start("p")), schema="start_plan.v1")
        found = await find_start(reader, "p")
        assert found is not None
        assert found.plan_id == "p"
        assert await find_start(reader, "q") is None
        done = asyncio.Event()

        async def handler(_batch: object) -> list[object]:
            done.set()
            return []

        async with delivering(Delivery(address, topics=[COMMANDS], group="runner", handler=handler)):  # type: ignore[arg-type]
            await asyncio.wait_for(done.wait(), 20)
        assert await find_start(reader, "p") is None

    async def test_is_not_there_when_its_start_came_too_late(
        self, address: BusAddress, producer: Producer, reader: Reader
    ) -> None:
        await producer.send(COMMANDS, "p", encode(_start("p", expires_in=-1)), schema="start_plan.v1")
        assert await find_start(reader, "p") is None

    async def test_has_messages_that_the_persister_has_not_committed(
        self, address: BusAddress, producer: Producer, reader: Reader
    ) -> None:
        for value in (b"{}", b'{"a":1}'):
            await producer.send(MESSAGES, "p", value, schema="message.v1")
        assert [record.value for record in await unstored_messages(reader, "p")] == [b"{}", b'{"a":1}']


def _start(plan_id: str, expires_in: int = 30) -> StartPlan:
    now = datetime.now(UTC)
    return StartPlan(
        command_id="c",
        plan_id=plan_id,
        workspace_id="w",
        user_id="u",
        issued_at=format_timestamp(now),
        session_id="s",
        description="d",
        team_id="t",
        request_hash="",
        expires_at=format_timestamp(now + timedelta(seconds=expires_in)),
    )


def _expect(condition: bool) -> None:
    assert condition
