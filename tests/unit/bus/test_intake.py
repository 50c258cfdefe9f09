"""Records are taken out of the consumer as they come, whoever is busy, up to a limit, none lost, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from aiokafka.structs import TopicPartition  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from support.eventually import eventually

from agentbus.bus.intake import Intake

BUSY, IDLE = TopicPartition("t", 0), TopicPartition("t", 1)
HALF_BYTES = 600 * 1024


class Fetched:
    """A consumer by aiokafka's rules: what is fetched waits until it is asked for, and is then gone."""

    def __init__(self) -> None:
        self.waiting: dict[TopicPartition, deque[Any]] = {BUSY: deque(), IDLE: deque()}
        self._fetched = asyncio.Event()

    def fetch(self, partition: TopicPartition, offset: int, size_bytes: int = 10) -> None:
        self.waiting[partition].append(SimpleNamespace(offset=offset, serialized_value_size=size_bytes))
        self._fetched.set()

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int) -> dict[TopicPartition, Any]:
        assert timeout_ms > 0
        while not any(self.waiting[partition] for partition in partitions):
            self._fetched.clear()
            await self._fetched.wait()
        found = {each: list(self.waiting[each]) for each in partitions if self.waiting[each]}
        for each in found:
            self.waiting[each].clear()
        return found


@asynccontextmanager
async def running(consumer: Fetched) -> AsyncIterator[Intake]:
    intake = Intake(consumer, [BUSY, IDLE])
    task = asyncio.create_task(intake.run())
    try:
        yield intake
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_busy_partition_leaves_nothing_behind_that_holds_up_the_others() -> None:
    consumer = Fetched()
    async with running(consumer) as intake:
        for offset in range(5):
            consumer.fetch(BUSY, offset)
            await eventually(lambda: _left(consumer, BUSY, 0), within=5)
        consumer.fetch(IDLE, 0)
        assert [each.offset for each in await intake.take(IDLE, 10)] == [0]
        assert [each.offset for each in await intake.take(BUSY, 3)] == [0, 1, 2]


async def test_beyond_the_limit_it_is_not_asked_for_until_there_is_room() -> None:
    consumer = Fetched()
    async with running(consumer) as intake:
        for offset in range(3):
            consumer.fetch(BUSY, offset, HALF_BYTES)
            if offset < 2:
                await eventually(lambda: _left(consumer, BUSY, 0), within=5)
        consumer.fetch(IDLE, 0)
        await intake.take(IDLE, 1)
        _left(consumer, BUSY, 1)
        await intake.take(BUSY, 1)
        await eventually(lambda: _left(consumer, BUSY, 0), within=5)


@given(st.lists(st.tuples(st.sampled_from([BUSY, IDLE]), st.sampled_from([10, HALF_BYTES])), max_size=30))
def test_none_is_lost_or_moved_whatever_comes(fetches: list[tuple[TopicPartition, int]]) -> None:
    asyncio.run(_all_arrive(fetches))


async def _all_arrive(fetches: list[tuple[TopicPartition, int]]) -> None:
    consumer = Fetched()
    expected: dict[TopicPartition, list[int]] = {BUSY: [], IDLE: []}
    async with running(consumer) as intake, asyncio.TaskGroup() as workers:
        for number, (partition, size_bytes) in enumerate(fetches):
            consumer.fetch(partition, number, size_bytes)
            expected[partition].append(number)
            if number % 3 == 0:
                await asyncio.sleep(0)
        for partition, offsets in expected.items():
            workers.create_task(_arrive(intake, partition, offsets))


async def _arrive(intake: Intake, partition: TopicPartition, offsets: list[int]) -> None:
    arrived: list[int] = []
    async with asyncio.timeout(10):
        while len(arrived) < len(offsets):
            arrived += [record.offset for record in await intake.take(partition, 2)]
    assert arrived == offsets


def _left(consumer: Fetched, partition: TopicPartition, number: int) -> None:
    assert len(consumer.waiting[partition]) == number
