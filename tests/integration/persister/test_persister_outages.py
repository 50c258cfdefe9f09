from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from support.eventually import eventually
from support.messages import message
from support.persister_world import PersisterWorld, persister_world
from support.stack import Infra

from agentbus.embedded.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.fault]

Act = Callable[[Stack], Awaitable[None]]


async def freeze(database: Stack) -> None:
    await database.suspend("ferretdb")


async def thaw(database: Stack) -> None:
    await database.resume("ferretdb")


async def kill(database: Stack) -> None:
    await database.kill("ferretdb", restart=False)


async def start(database: Stack) -> None:
    await database.start("ferretdb")


@pytest.fixture
async def world(stack: Infra, own_database: Stack) -> AsyncIterator[PersisterWorld]:
    namespace = stack.namespace()
    async with persister_world(stack.kafka_bootstrap, own_database.mongo_url, namespace) as world:
        yield world


def ratio() -> float:
    value = REGISTRY.get_sample_value("agentbus_persister_success_ratio")
    assert value is not None
    return value


def failed() -> float:
    labels = {"code": "database_unavailable"}
    return REGISTRY.get_sample_value("agentbus_persister_failed_total", labels) or 0.0


@pytest.mark.parametrize(("break_it", "mend_it"), [(freeze, thaw), (kill, start)], ids=["frozen", "killed"])
async def test_nothing_is_lost_while_the_database_is_away(
    world: PersisterWorld, own_database: Stack, break_it: Act, mend_it: Act
) -> None:
    plans = [str(uuid4()) for _ in range(6)]
    logs = {plan_id: [message(plan_id, seq) for seq in range(1, 61)] for plan_id in plans}

    async def publish(start: int, stop: int) -> None:
        await world.publish(each for log in logs.values() for each in log[start:stop])

    with capture_logs() as lines:
        async with world.persister():
            await publish(0, 20)
            await world.all_committed(within=30)
            before = failed()
            await break_it(own_database)
            try:
                await publish(20, 40)
                await eventually(lambda: _some_failed(before), within=30)
                assert ratio() < 1.0
                await publish(40, 60)
            finally:
                await mend_it(own_database)
            await world.all_committed(within=60)
            await eventually(_all_well, within=10)
    for plan_id, log in logs.items():
        assert await world.messages.read(plan_id) == log
        plan = await world.plans.get(plan_id)
        assert plan is not None
        assert plan["last_seq"] == 60
    ours = [line for line in lines if line["event"].startswith("saving")]
    failure = next(line for line in ours if line["event"].startswith("saving failed"))
    assert failure["log_level"] == "error"
    assert failure["topic"] == "agent.messages"
    assert failure["code"] == "database_unavailable"
    assert failure["tries"] >= 1
    assert set(failure["plans"]) <= set(plans)
    assert {"partition", "first_offset", "last_offset", "records", "error", "cause"} <= failure.keys()
    assert any(line["event"] == "saving works again" for line in ours)


async def test_a_persister_starts_while_the_database_is_down(
    world: PersisterWorld, own_database: Stack
) -> None:
    plan_id = str(uuid4())
    sent = [message(plan_id, seq) for seq in range(1, 11)]
    await kill(own_database)
    try:
        await world.publish(sent)
        before = failed()
        async with world.persister():
            await eventually(lambda: _some_failed(before), within=30)
            await start(own_database)
            await world.all_committed(within=60)
    finally:
        await start(own_database)
    assert await world.messages.read(plan_id) == sent


def _some_failed(before: float) -> None:
    assert failed() > before


def _all_well() -> None:
    assert ratio() == 1.0
