"""Batches handled again, wholly or in part, by this instance or by one that knows nothing yet."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from support.messages import message
from support.persister_world import PersisterWorld

from agentbus.bus.batch import Batch
from agentbus.bus.record import Record
from agentbus.mongo.messages import AppendResult
from agentbus.persister.handlers import Stored, store
from agentbus.persister.known_plans import KnownPlans
from agentbus.plan.sequence import Verdict

pytestmark = pytest.mark.integration


def batch(log: list[dict[str, Any]]) -> Batch:
    now = datetime.now(UTC)
    records = [
        Record("agent.messages", 0, offset, each["plan_id"], orjson.dumps(each), (), now)
        for offset, each in enumerate(log)
    ]
    return Batch("agent.messages", 0, records)


class Instance:
    """One persister's memory; the database is shared."""

    def __init__(self, world: PersisterWorld) -> None:
        self._world = world
        self._known = KnownPlans(100)

    async def handle(self, log: list[dict[str, Any]]) -> Stored:
        world = self._world
        await world.messages.ensure_indexes()
        return await store(batch(log), messages=world.messages, plans=world.plans, known=self._known)


def log_of(plan_id: str, count: int) -> list[dict[str, Any]]:
    return [message(plan_id, seq) for seq in range(1, count + 1)]


async def last_seq(world: PersisterWorld, plan_id: str) -> int:
    plan = await world.plans.get(plan_id)
    assert plan is not None
    return int(plan["last_seq"])


async def test_another_instance_goes_on_in_the_middle_of_a_batch(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    log = log_of(plan_id, 30)
    await Instance(world).handle(log[:20])
    again = await Instance(world).handle(log[10:])
    assert again.result == AppendResult(inserted=10, duplicates=10)
    assert again.verdicts == Counter({Verdict.DUPLICATE: 10, Verdict.ACCEPTED: 10})
    assert await world.messages.read(plan_id) == log
    assert await last_seq(world, plan_id) == 30


async def test_an_instance_that_lost_its_partition_cannot_take_the_plan_back(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    log = log_of(plan_id, 30)
    late = Instance(world)
    await late.handle(log[:10])
    await Instance(world).handle(log[10:])
    await late.handle(log[10:20])
    assert await world.messages.read(plan_id) == log
    assert await last_seq(world, plan_id) == 30


async def test_messages_without_their_plan_are_made_up_for(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    log = log_of(plan_id, 30)
    await world.messages.ensure_indexes()
    await world.messages.append(log[:20])
    stored = await Instance(world).handle(log[20:])
    assert stored.verdicts == Counter({Verdict.ACCEPTED: 10})
    assert await last_seq(world, plan_id) == 30


async def test_a_takeover_is_remembered_by_an_instance_that_did_not_see_it(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await Instance(world).handle([*log_of(plan_id, 5), message(plan_id, 6, attempt=2)])
    stored = await Instance(world).handle([message(plan_id, 7), message(plan_id, 7, attempt=2)])
    assert stored.verdicts == Counter({Verdict.STALE: 1, Verdict.ACCEPTED: 1})
    assert [each["attempt"] for each in await world.messages.read(plan_id)] == [1, 1, 1, 1, 1, 2, 2]


async def test_a_message_that_was_put_back_from_the_dead_letter_is_stored(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    log = log_of(plan_id, 5)
    instance = Instance(world)
    await instance.handle([*log[:2], *log[3:]])
    await instance.handle([log[2]])
    assert await world.messages.read(plan_id) == log
