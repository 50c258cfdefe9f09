"""Whatever interleaving of rebalance, failure, lost answer, crash and redelivery: each seq once, in order.

The bus' own worker, intake and commits drive the persister's own handler; in memory are only Kafka's consumer
and the database, by their rules: a commit of one who lost the partition is refused, what was fetched is
fetched again by the next owner, a write may have happened although its answer is an error.
"""

import asyncio
import json
import random
from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from aiokafka.errors import CommitFailedError  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from support.messages import message

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.commits import Commits
from agentbus.bus.dead_letter import DeadLetterLimits
from agentbus.bus.intake import Intake
from agentbus.bus.kafka_names import to_kafka
from agentbus.bus.record import TopicPartition
from agentbus.bus.worker import PartitionWorker
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient
from agentbus.mongo.messages import AppendResult
from agentbus.persister.handlers import store
from agentbus.persister.known_plans import KnownPlans

Step = Literal["say", "take over", "run", "rebalance", "kill", "down", "lost answer", "lost commit", "again"]
STEPS = st.lists(st.sampled_from(Step.__args__), max_size=40)  # type: ignore[attr-defined]
ADDRESS, PARTITION = BusAddress("nowhere:1"), TopicPartition("agent.messages", 0)
PLANS = ("p", "q")


class World:
    """One partition, what is committed of it, the database, and the faults that come next."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.committed = self.generation = 0
        self.stored: dict[str, dict[str, Any]] = {}
        self.plans: dict[str, dict[str, Any]] = {}
        self.inserted: list[tuple[str, int]] = []
        self.faults: deque[str] = deque()
        self.attempts = dict.fromkeys(PLANS, 1)
        self.said = dict.fromkeys(PLANS, 0)

    def say(self, plan_id: str) -> None:
        self.said[plan_id] += 1
        self.log.append(message(plan_id, self.said[plan_id], attempt=self.attempts[plan_id]))

    async def database(self, write: Any = None) -> None:
        """One call of the database; `write` is what it does."""
        await asyncio.sleep(0)
        fault = self.faults.popleft() if self.faults and self.faults[0] in ("down", "lost answer") else ""
        if fault != "down" and write is not None:
            write()
        await asyncio.sleep(0)
        if fault:
            raise Transient(fault)


class Member:
    """A persister while it owns the partition: consumer, message log and plan book in one."""

    def __init__(self, world: World) -> None:
        world.generation += 1
        self._world, self._generation, self._next = world, world.generation, world.committed
        self._known = KnownPlans(1)
        partition = to_kafka(ADDRESS, PARTITION)
        intake = Intake(self, [partition])
        self._taking = asyncio.create_task(intake.run())
        self.worker = PartitionWorker(
            ADDRESS,
            PARTITION,
            group="persister",
            intake=intake,
            commits=Commits(self),
            on_progress=lambda: None,
            handler=self._handle,
            put_aside=self._put_aside,
            limits=DeadLetterLimits(),
            backoff=Backoff(0, 0),
            max_batch_records=3,
        )
        self.worker.start(asyncio.create_task(asyncio.sleep(0)), lambda task: None)

    async def end(self, *, killed: bool) -> None:
        self._taking.cancel()
        if killed and (task := self.worker._task) is not None:
            task.cancel()
        await self.worker.stop(1.0)
        await asyncio.wait([self._taking])

    async def _handle(self, batch: Batch) -> Sequence[Poison]:
        return (await store(batch, messages=self, plans=self, known=self._known)).poison

    async def _put_aside(self, poison: Sequence[Poison]) -> None:
        raise AssertionError(f"no poison here: {poison}")

    async def getmany(self, *partitions: Any, timeout_ms: int) -> dict[Any, Any]:
        while self._next >= len(self._world.log):  # noqa: ASYNC110  each turn is a chance for the others
            await asyncio.sleep(0)
        found = self._world.log[self._next : self._next + 4]
        self._next += len(found)
        first = self._next - len(found)
        return {partitions[0]: [_record(first + place, each) for place, each in enumerate(found)]}

    async def commit(self, offsets: dict[Any, int]) -> None:
        await asyncio.sleep(0)
        world = self._world
        if self._generation != world.generation:
            raise CommitFailedError
        (offset,) = offsets.values()
        world.committed = max(world.committed, offset)
        if world.faults and world.faults[0] == "lost commit":
            world.faults.popleft()
            raise CommitFailedError

    async def ensure_indexes(self) -> None: ...

    async def append(self, documents: Sequence[dict[str, Any]]) -> AppendResult:
        new = [each for each in documents if each["message_id"] not in self._world.stored]

        def write() -> None:
            for each in documents:
                if each["message_id"] not in self._world.stored:
                    self._world.stored[each["message_id"]] = each
                    self._world.inserted.append((each["plan_id"], each["seq"]))

        await self._world.database(write)
        return AppendResult(len(new), len(documents) - len(new))

    async def read(self, plan_id: str, after_seq: int = 0) -> list[dict[str, Any]]:
        await self._world.database()
        found = [each for each in self._world.stored.values() if each["plan_id"] == plan_id]
        return sorted((each for each in found if each["seq"] > after_seq), key=lambda each: each["seq"])

    async def get(self, plan_id: str) -> dict[str, Any] | None:
        await self._world.database()
        return self._world.plans.get(plan_id)

    async def save(self, plan: dict[str, Any]) -> None:
        def write() -> None:
            newest = self._world.plans.get(plan["plan_id"])
            if newest is None or newest["last_seq"] < plan["last_seq"]:
                self._world.plans[plan["plan_id"]] = plan

        await self._world.database(write)


def _record(offset: int, value: dict[str, Any]) -> SimpleNamespace:
    text = json.dumps(value).encode()
    return SimpleNamespace(
        offset=offset,
        partition=0,
        key=value["plan_id"].encode(),
        value=text,
        headers=(),
        timestamp=1_700_000_000_000,
        serialized_value_size=len(text),
    )


@given(STEPS)
@settings(max_examples=150)
def test_each_seq_is_stored_once_and_in_order(steps: list[Step]) -> None:
    asyncio.run(_run(steps, Member))


class Hasty(Member):
    """Commits before it stores."""

    async def _handle(self, batch: Batch) -> Sequence[Poison]:
        if self._generation == self._world.generation:
            self._world.committed = max(self._world.committed, batch.records[-1].offset + 1)
        return await super()._handle(batch)


def test_one_that_commits_before_it_stores_is_found_out() -> None:
    chance = random.Random(1)
    names = list(Step.__args__)  # type: ignore[attr-defined]
    with pytest.raises(AssertionError):
        for _ in range(300):
            asyncio.run(_run(chance.choices(names, k=30), Hasty))


async def _run(steps: list[Step], persister: type[Member]) -> None:
    world = World()
    member, late = persister(world), list[Member]()
    for number, step in enumerate(steps):
        plan_id = PLANS[number % 2]
        if step == "say":
            for _ in range(3):
                world.say(plan_id)
        elif step == "take over":
            world.attempts[plan_id] += 1
            world.say(plan_id)
        elif step == "again" and world.log:  # a stale runner's words, or a relay's that sent twice
            world.log += world.log[-3:]
        elif step == "run":
            await _turns(20)
        elif step in ("rebalance", "kill"):
            if step == "kill":
                await member.end(killed=True)
            else:
                late.append(member)  # it does not know yet: its handler goes on for a while
            member = persister(world)
            await _turns(number % 5)
        else:
            world.faults.append(step)
    async with asyncio.timeout(30):
        while world.committed < len(world.log):
            await _turns(20)
            if member.worker._task is not None and member.worker._task.done():
                await member.end(killed=False)  # its commit was refused: it is given the partition again
                member = persister(world)
    for each in (*late, member):
        await each.end(killed=False)
    for plan_id in PLANS:
        expected = list(range(1, world.said[plan_id] + 1))
        assert [seq for plan, seq in world.inserted if plan == plan_id] == expected
        assert world.plans.get(plan_id, {}).get("last_seq", 0) == world.said[plan_id]


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
