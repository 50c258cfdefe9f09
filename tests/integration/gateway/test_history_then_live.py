import asyncio
import random
from uuid import uuid4

import orjson
import pytest
from support.gateway_service import GatewayService, gateway_service, next_frame
from support.messages import message
from support.persister_world import PersisterWorld

from agentbus.contracts.topics import STREAMING

pytestmark = pytest.mark.integration


async def test_a_message_over_the_socket_is_the_one_on_the_bus(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    sent = [message(plan_id, seq, content="grüße 🙂", metadata={"n": seq}) for seq in range(1, 4)]
    await world.publish(sent[:2])
    async with world.persister():
        await world.all_committed(within=20)
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        greeting = await next_frame(socket, "connection_established")
        assert (greeting["plan_id"], greeting["after_seq"], greeting["last_seq"]) == (plan_id, 0, 2)
        await world.publish(sent[2:])
        assert await service.messages(socket, until=3) == sent


@pytest.mark.parametrize("persisting", [True, False])
async def test_reconnects_at_random_under_load_see_each_seq_once(
    world: PersisterWorld, persisting: bool
) -> None:
    """With a persister that runs beside, and with one that has stopped half way."""
    plan_id, last = str(uuid4()), 2_000
    await world.publish(message(plan_id, seq) for seq in range(1, 501))
    async with world.persister():
        await world.all_committed(within=30)

    async def publish() -> None:
        for first in range(501, last + 1, 50):
            await world.publish(message(plan_id, seq) for seq in range(first, first + 50))

    async with gateway_service(world, gateway_recent_bytes=20_000) as service:
        async with asyncio.timeout(200), asyncio.TaskGroup() as group:
            if persisting:
                group.create_task(persist_for_a_while(world))
            watchers = [group.create_task(watch_in_pieces(service, plan_id, last, n)) for n in range(5)]
            group.create_task(publish())
        for watcher in watchers:
            assert watcher.result() == list(range(1, last + 1))


async def persist_for_a_while(world: PersisterWorld) -> None:
    async with world.persister():
        await asyncio.sleep(4)


async def watch_in_pieces(service: GatewayService, plan_id: str, last: int, number: int) -> list[int]:
    """Connects again and again, each time after the last seq that it saw, until it has seen the end."""
    chance, seen = random.Random(number), list[int]()
    while not seen or seen[-1] < last:
        async with service.open(plan_id, after_seq=seen[-1] if seen else 0) as socket:
            pause = min(last, (seen[-1] if seen else 0) + chance.randrange(1, 900))
            seen += await service.seqs(socket, until=pause)
    return seen


async def test_10_000_messages_of_history(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await world.publish(message(plan_id, seq) for seq in range(1, 10_001))
    async with world.persister():
        await world.all_committed(within=60)
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        assert await service.seqs(socket, until=10_000) == list(range(1, 10_001))


async def test_200_sockets_on_one_plan(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await world.publish(message(plan_id, seq) for seq in range(1, 101))

    async def watch(service: GatewayService) -> list[int]:
        async with service.open(plan_id) as socket:
            return await service.seqs(socket, until=200)

    async with gateway_service(world) as service, asyncio.timeout(60), asyncio.TaskGroup() as group:
        watchers = [group.create_task(watch(service)) for _ in range(200)]
        for first in range(101, 201, 10):
            await world.publish(message(plan_id, seq) for seq in range(first, first + 10))
    assert all(watcher.result() == list(range(1, 201)) for watcher in watchers)


async def test_the_other_dialect_is_a_view(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await world.publish([message(plan_id, 1, content="hello")])
    async with (
        gateway_service(world) as service,
        service.open(plan_id, dialect="agent_message_data") as old,
        service.open(plan_id) as new,
    ):
        await world.publish([message(plan_id, 2, content="world")])
        seen = await service.messages(old, until=2)
        assert [(item["data_type"], item["agent"], item["agent_type"]) for item in seen] == [
            ("m_plan_message", "analyst", "AI_Agent")
        ] * 2
        assert [item["content"] for item in seen] == ["hello", "world"]
        assert await service.messages(new, until=2) == [
            message(plan_id, 1, content="hello"),
            message(plan_id, 2, content="world"),
        ]


async def test_text_is_seen_while_it_is_written(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    chunk = {
        "plan_id": plan_id,
        "type": "agent_message_streaming",
        "stream_id": "s1",
        "chunk": 0,
        "agent_name": "reporter",
        "agent_type": "agent",
        "content": "The rep",
        "is_final": False,
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "workspace_id": "default",
    }
    await world.publish([message(plan_id, 1)])
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        assert await service.seqs(socket, until=1) == [1]
        await world.producer.send(STREAMING, plan_id, b"no chunk", schema="streaming_chunk.v1")
        await world.producer.send(STREAMING, plan_id, orjson.dumps(chunk), schema="streaming_chunk.v1")
        assert await next_frame(socket, "agent_message_streaming") == chunk
