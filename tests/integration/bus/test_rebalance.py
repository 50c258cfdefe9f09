"""Members come, go and die; nothing is lost, and hooks hear only of real changes."""

import asyncio
import sys
from collections.abc import Sequence

import pytest
from support.delivering import delivering
from support.eventually import eventually
from support.killed_process import output_until_killed
from support.work_topic import GROUP, WORK, Seen, publish

from agentbus.bus.address import BusAddress
from agentbus.bus.delivery import Batch, Delivery, Poison
from agentbus.bus.producer import Producer
from agentbus.bus.record import TopicPartition

pytestmark = pytest.mark.integration

KEYS = [f"k{number}" for number in range(20)]


class Member:
    """A member that notes what its hooks hear and refuses records of partitions that it does not hold."""

    def __init__(self, address: BusAddress, seen: Seen) -> None:
        self.held: set[TopicPartition] = set()
        self.heard: list[tuple[str, int]] = []
        self._seen = seen
        self.delivery = Delivery(
            address,
            topics=[WORK],
            group=GROUP,
            handler=self.handle,
            max_batch_records=50,
            on_assigned=self.assigned,
            on_revoked=self.revoked,
            session_timeout_seconds=6.0,
        )

    async def handle(self, batch: Batch) -> Sequence[Poison]:
        assert TopicPartition(batch.topic, batch.partition) in self.held
        await asyncio.sleep(0.01)
        return await self._seen(batch)

    async def assigned(self, partitions: Sequence[TopicPartition]) -> None:
        await asyncio.sleep(0.05)
        self.held |= set(partitions)
        self.heard.append(("assigned", len(partitions)))

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        self.held -= set(partitions)
        self.heard.append(("revoked", len(partitions)))


async def test_members_that_come_and_go_under_load_lose_nothing(
    address: BusAddress, producer: Producer
) -> None:
    seen, each = Seen(), 400
    one, two = Member(address, seen), Member(address, seen)
    load = asyncio.create_task(_load(producer, each))
    async with delivering(one.delivery):
        await eventually(lambda: _expect(len(one.held) == 6 and seen.total() > 500), within=20)
        async with delivering(two.delivery):
            await eventually(lambda: _expect(len(one.held) == len(two.held) == 3), within=20)
            await load
            await eventually(lambda: _expect(len(seen.numbers) == len(KEYS)), within=20)
        await eventually(lambda: _expect(len(one.held) == 6), within=20)
        await eventually(lambda: _expect(all(_complete(seen, key, each) for key in KEYS)), within=30)
    assert one.heard == [("assigned", 6), ("revoked", 3), ("assigned", 3), ("revoked", 6)]
    assert two.heard == [("assigned", 3), ("revoked", 3)]
    # Both left their partitions in order, so not one record was handled twice.
    assert seen.total() == each * len(KEYS)


async def test_what_a_killed_member_had_not_committed_is_delivered_again(
    address: BusAddress, producer: Producer
) -> None:
    await publish(producer, KEYS, each=20)
    command = [sys.executable, "-m", "support.consuming_process", address.bootstrap, address.namespace]
    handled = set(await output_until_killed(command, lines=60))
    seen = Seen()
    async with delivering(Delivery(address, topics=[WORK], group=GROUP, handler=seen)):
        wanted = {f"{key}:{number}" for key in KEYS for number in range(20)}
        await eventually(lambda: _expect(handled | _values(seen) == wanted), within=40)
    assert 0 < len(_values(seen)) < len(wanted)


async def _load(producer: Producer, each: int) -> None:
    for first in range(0, each, 10):
        await publish(producer, KEYS, each=10, first=first)
        await asyncio.sleep(0.05)


def _complete(seen: Seen, key: str, each: int) -> bool:
    return seen.first_seen(key) == list(range(each))


def _values(seen: Seen) -> set[str]:
    return {f"{key}:{number}" for key, numbers in seen.numbers.items() for number in numbers}


def _expect(condition: bool) -> None:
    assert condition
