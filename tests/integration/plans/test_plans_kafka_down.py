"""Without Kafka a plan is refused whole: 503, Retry-After, and nothing starts later (A5.1)."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.eventually import eventually
from support.own_kafka import OwnKafka
from support.plans_world import PlansWorld, plan_messages, plans_world
from support.stack import Infra

from agentbus.bus.address import BusAddress
from agentbus.bus.lookup import find_start, start_in
from agentbus.bus.provisioning import provision
from agentbus.contracts.topics import COMMANDS
from agentbus.embedded.ports import choose

SUBMIT = "/api/v3/process_request"


@pytest.fixture(scope="module")
async def no_kafka(
    plans: PlansWorld, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that has known who may do what, and whose Kafka went away then."""
    kafka = OwnKafka(tmp_path_factory.mktemp("kafka"))
    await kafka.start()
    try:
        await provision(BusAddress(kafka.bootstrap, plans.settings.namespace))
        times = {"acknowledge_seconds": 1.0, "start_valid_seconds": 0.5}
        async with (
            plans.service(kafka_bootstrap=kafka.bootstrap, **times) as service,
            plans.client(service) as client,
        ):
            await kafka.kill()
            yield client
    finally:
        await kafka.stop()


async def test_without_kafka_from_the_start_nobody_is_let_in(plans: PlansWorld) -> None:
    nobody = f"127.0.0.1:{choose(set())}"
    async with plans.service(kafka_bootstrap=nobody) as service, plans.client(service) as client:
        for route in ("plans", "access/keys"):
            response = await client.get(f"/api/v3/{route}")
            assert (response.status_code, response.json()["code"]) == (503, "access_unknown")
            assert int(response.headers["retry-after"]) > 0
        checks = (await client.get("/health/ready")).json()
        assert (checks["status"], checks["checks"]["access"]["ok"]) == ("not_ready", False)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}, {"Prefer": "wait=5"}])
async def test_a_plan_is_refused(no_kafka: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await no_kafka.post(SUBMIT, json={"description": "x"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (503, "bus_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["content-type"] == "application/problem+json"


async def test_stored_plans_can_be_read(plans: PlansWorld, no_kafka: httpx.AsyncClient) -> None:
    messages = plan_messages("stored-before-kafka-went")
    await plans.store(messages)
    query = {"plan_id": "stored-before-kafka-went"}
    assert (await no_kafka.get("/api/v3/plan", params=query)).json()["messages"] == messages
    said = {**query, "agent": "x", "content": "y"}
    assert (await no_kafka.post("/api/v3/agent_message", json=said)).status_code == 503


async def test_whether_a_plan_is_unknown_cannot_be_told(no_kafka: httpx.AsyncClient) -> None:
    response = await no_kafka.get("/api/v3/plan", params={"plan_id": "unknown"})
    assert response.status_code == 503


async def test_a_refused_plan_never_starts(stack: Infra, tmp_path: Path) -> None:
    kafka = OwnKafka(tmp_path / "kafka")
    await kafka.start()
    try:
        async with plans_world(kafka.bootstrap, stack.mongo_url, stack.namespace()) as world:
            times = {"acknowledge_seconds": 2.0, "start_valid_seconds": 1.5}
            async with world.service(**times) as service, world.client(service) as client:
                key = {"Idempotency-Key": "the-same"}
                assert (await client.post(SUBMIT, json={"description": "x"})).status_code == 200
                await kafka.freeze()
                refused = await client.post(SUBMIT, json={"description": "y"})
                assert refused.status_code == 503
                kafka.thaw()
                await kafka.kill()
                assert (await client.post(SUBMIT, json={"description": "z"}, headers=key)).status_code == 503
                await kafka.start()

                async def accepted() -> str:
                    again = await client.post(SUBMIT, json={"description": "z"}, headers=key)
                    assert again.status_code == 200
                    return str(again.json()["plan_id"])

                plan_id = await eventually(accepted, within=30)
                assert await find_start(world.reader, plan_id) is not None
                await check_only_these_count(world, kept={"x", "z"})
    finally:
        await kafka.stop()


async def check_only_these_count(world: PlansWorld, kept: set[str]) -> None:
    starts = [
        start.description
        for partition in await world.reader.partitions(COMMANDS)
        async for record in world.reader.read(COMMANDS, partition, 0)
        if (start := start_in(record)) is not None
    ]
    assert set(starts) == kept
    assert len(starts) == len(kept)
