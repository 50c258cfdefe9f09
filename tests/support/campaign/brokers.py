"""Faults of Kafka: one broker that is killed, and a cluster that loses leaders."""

import asyncio

import httpx
from support.campaign.fault import Fault
from support.campaign.plans import plans_of
from support.eventually import eventually
from support.system import System

from agentbus.bus.address import BusAddress
from agentbus.bus.leadership import Leadership, leaderships
from agentbus.bus.reader import Reader
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded import kafka
from agentbus.kernel.errors import Transient

ELECTION_SECONDS = 30
IN_SYNC_SECONDS = 60
WORK_SECONDS = 60


class KafkaKilled(Fault):
    """The only broker is killed and comes back late."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.name = f"kafka: kill -9, back after {seconds:g} s"
        self.what = f"the broker is killed (SIGKILL) and started again after {seconds:g} s"

    async def inflict(self, system: System) -> None:
        await system.stack.kill("kafka", restart=False)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            await system.stack.start("kafka")


class LeaderLost(Fault):
    """The broker that leads the busiest partition is killed; the others go on."""

    name = "kafka: 1 of 3 gone, a leader"
    what = "the broker that leads the busiest partition is killed (SIGKILL); plans run on the other two"
    seconds: float = 10

    def __init__(self) -> None:
        self.killed: list[str] = []

    async def inflict(self, system: System) -> None:
        partition = await busiest(system)
        try:
            await self._lose_leader(system, partition)
            await eventually(lambda: self._led_by_another(system, partition), within=ELECTION_SECONDS)
            await _work_goes_on(system)
        finally:
            await self._mend(system)

    async def clear(self, system: System) -> None:
        await eventually(lambda: _all_in_sync(system), within=IN_SYNC_SECONDS)

    async def _mend(self, system: System) -> None:
        while self.killed:
            await system.stack.start(self.killed.pop())

    async def _lose_leader(self, system: System, partition: int) -> None:
        leader = (await _led(system))[partition].leader
        assert leader is not None
        self.killed.append("kafka" if leader == 1 else f"kafka-{leader}")
        await system.stack.kill(self.killed[-1], restart=False)

    async def _led_by_another(self, system: System, partition: int) -> None:
        found = (await _led(system))[partition]
        gone = {kafka.node_id(name) for name in self.killed}
        assert found.leader is not None
        assert found.leader not in gone, "it is led by a broker that is gone"


class TwoLeadersLost(LeaderLost):
    """Its next leader is killed, too: one copy is no majority, so nothing is taken until one comes back."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.name = f"kafka: 2 of 3 gone {seconds:g} s"
        self.what = "a partition's leader and then its next leader are killed (SIGKILL); later one comes back"

    async def inflict(self, system: System) -> None:
        partition = await busiest(system)
        try:
            await self._lose_leader(system, partition)
            await eventually(lambda: self._led_by_another(system, partition), within=ELECTION_SECONDS)
            await self._lose_leader(system, partition)
            await eventually(lambda: _held(system), within=ELECTION_SECONDS)
            await _refused(system)
            await asyncio.sleep(self.seconds)
            await system.stack.start(self.killed.pop())
            await _work_goes_on(system)
        finally:
            await self._mend(system)


async def busiest(system: System) -> int:
    """Returns the partition of `agent.messages` that holds the most."""
    reader = Reader(BusAddress(system.stack.kafka_bootstrap))
    try:
        ends = await reader.end_offsets(MESSAGES)
    finally:
        await reader.stop()
    return max(ends, key=lambda partition: ends[partition])


async def _led(system: System) -> dict[int, Leadership]:
    try:
        return dict(await leaderships(BusAddress(system.stack.kafka_bootstrap), MESSAGES))
    except Transient as error:
        raise AssertionError(error.message) from error


async def _all_in_sync(system: System) -> None:
    behind = [number for number, each in (await _led(system)).items() if each.in_sync != each.copies]
    assert not behind, f"copies of partitions {behind} are not in sync"


async def _work_goes_on(system: System) -> None:
    """A plan runs to its end and is stored, on two brokers."""
    async with plans_of(system) as plans:
        plan_id = await plans.submit({"messages": 3})
        await eventually(lambda: plans.completed(plan_id), within=WORK_SECONDS)


async def _held(system: System) -> None:
    pending = await system.metric("runner", "agentbus_runner_outbox_pending_records")
    assert pending > 0, "the outbox holds nothing"


async def _refused(system: System) -> None:
    """A start that two brokers cannot keep is refused whole."""
    async with system.client() as client:
        body = {"description": "refused", "team_id": "scripted"}
        try:
            answer = await client.post("/api/v3/process_request", json=body)
        except httpx.TransportError as error:
            raise AssertionError(repr(error)) from error
    assert answer.status_code == 503, f"a write was taken by a minority: {answer.status_code} {answer.text}"
