"""The gateway while the database or Kafka is away."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.gateway_service import commands, gateway_service, next_frame
from support.messages import message
from support.own_kafka import OwnKafka
from support.persister_world import PersisterWorld, world_of
from support.stack import Infra
from support.watched_world import WatchedWorld, watched_world
from support.workspace_sockets import heard, open_socket, publish

from agentbus.embedded.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.fault]

APPROVE = '{"type":"plan_approval_response","data":{"approved":true,"m_plan_id":"mp1"}}'


@pytest.fixture
async def fragile(stack: Infra, own_database: Stack) -> AsyncIterator[PersisterWorld]:
    """A world whose database can be killed."""
    async with watched_world(stack, own_database.mongo_url) as world:
        yield world


@pytest.fixture
async def own_kafka(tmp_path: Path) -> AsyncIterator[OwnKafka]:
    broker = OwnKafka(tmp_path / "kafka")
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def test_without_the_database_history_comes_from_the_topic(
    fragile: PersisterWorld, own_database: Stack
) -> None:
    plan_id = str(uuid4())
    await fragile.publish(message(plan_id, seq) for seq in range(1, 301))
    async with fragile.persister():
        await fragile.all_committed(within=30)
    async with gateway_service(fragile) as service:
        await own_database.kill("ferretdb", restart=False)
        try:
            async with service.open(plan_id, after_seq=100) as socket:
                assert await service.seqs(socket, until=300) == list(range(101, 301))
                await fragile.publish(message(plan_id, seq) for seq in range(301, 304))
                assert await service.seqs(socket, until=303) == [301, 302, 303]
            async with service.open(str(uuid4())) as socket:
                await socket.wait_closed()
                assert socket.close_code == 4404
        finally:
            await own_database.start("ferretdb")


async def test_without_kafka_a_decision_is_refused_and_nothing_is_sent_later(
    stack: Infra, own_kafka: OwnKafka
) -> None:
    plan_id = str(uuid4())
    async with (
        world_of(WatchedWorld, own_kafka.bootstrap, stack.mongo_url, stack.namespace()) as world,
        gateway_service(world) as service,
    ):
        await world.publish([message(plan_id, 1)])
        async with service.open(plan_id) as socket:
            assert await service.seqs(socket, until=1) == [1]
            await own_kafka.kill()
            await socket.send(APPROVE)
            refused = await next_frame(socket, "error_message")
            assert "send it again" in refused["content"]
            await own_kafka.start()
            assert await commands(world, plan_id) == []
            await socket.send(APPROVE)
            await socket.send('{"type":"ping"}')
            await next_frame(socket, "pong")
            assert [command["type"] for command in await commands(world, plan_id)] == ["approve_plan"]
            await world.publish([message(plan_id, 2)])
            assert await service.seqs(socket, until=2) == [2]


async def test_without_kafka_a_workspaces_socket_says_pull_and_goes_on_when_it_is_back(
    stack: Infra, own_kafka: OwnKafka
) -> None:
    async with (
        world_of(WatchedWorld, own_kafka.bootstrap, stack.mongo_url, stack.namespace()) as world,
        gateway_service(world) as service,
        open_socket(service, "w1") as early,
    ):
        await next_frame(early, "connection_established")
        await publish(world, "w1", 1, 2, 3)
        assert await heard(early, until=3) == [1, 2, 3]
        await own_kafka.kill()
        async with (
            open_socket(service, "w1", after_seq=1) as from_memory,
            open_socket(service, "w2", after_seq=1) as unknown,
        ):
            assert await heard(from_memory, until=3) == [2, 3]
            assert (await next_frame(unknown, "resync"))["seq"] is None
            await own_kafka.start()
            await publish(world, "w1", 4)
            await publish(world, "w2", 2)
            assert await heard(early, until=4) == await heard(from_memory, until=4) == [4]
            assert await heard(unknown, until=2) == [2]
