import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from support.eventually import eventually
from support.gateway_service import GatewayService, close_of, gateway_service, next_frame
from support.messages import message
from support.persister_world import PersisterWorld
from support.watched_world import known_plan
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from agentbus.chassis.auth import issue

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"token": None}, 4401),
        ({"token": "not.a.token"}, 4401),
        ({"user_id": "somebody-else"}, 4403),
        ({"after_seq": "-1"}, 4400),
        ({"after_seq": "many"}, 4400),
        ({"after_seq": "9" * 20}, 4400),
        ({"dialect": "klingon"}, 4400),
    ],
)
async def test_a_bad_request_is_told_why(world: PersisterWorld, query: dict[str, Any], code: int) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service, service.open(plan_id, **query) as socket:
        closed, reason = await close_of(socket)
        assert closed == code
        assert reason


async def test_a_socket_ends_with_its_token(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service:
        expired_soon = issue(service.settings, "local", "default", "viewer", timedelta(seconds=-3))
        async with service.open(plan_id, token=expired_soon) as socket, service.open(plan_id) as other:
            assert await service.seqs(socket, until=1) == [1]
            closed, reason = await close_of(socket)
            assert closed == 4401
            assert "expired" in str(reason)
            assert await service.seqs(other, until=1) == [1]


async def test_unknown_and_foreign_plans(world: PersisterWorld) -> None:
    foreign = await known_plan(world, workspace_id="another")
    async with gateway_service(world) as service:
        async with service.open(str(uuid4())) as socket:
            assert (await close_of(socket))[0] == 4404
        async with service.open(foreign) as socket:
            assert (await close_of(socket))[0] == 4404
        async with service.open("x" * 129) as socket:
            assert (await close_of(socket))[0] == 4400


async def test_bad_frames_end_only_their_own_socket(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service, service.open(plan_id) as bystander:
        assert await after_sending(service, plan_id, b"\xff\xfe", Opcode.TEXT) == 1007
        assert await after_sending(service, plan_id, b"{}", Opcode.BINARY) == 1003
        assert await after_sending(service, plan_id, b"x" * 65_537, Opcode.TEXT) == 1009
        assert await after_sending(service, plan_id, b"x", Opcode.CONT) == 1002
        assert await after_sending(service, plan_id, b"x" * 40_000, Opcode.TEXT, pieces=2) == 1009
        await world.publish([message(plan_id, 2)])
        assert await service.seqs(bystander, until=2) == [1, 2]


async def after_sending(
    service: GatewayService, plan_id: str, payload: bytes, opcode: Opcode, pieces: int = 1
) -> int | None:
    """Sends a frame that no library would, and returns the code that the gateway closes with."""
    async with service.open(plan_id) as socket:
        await next_frame(socket, "connection_established")
        for piece in range(pieces):
            last = piece == pieces - 1
            frame = Frame(opcode if piece == 0 else Opcode.CONT, payload, fin=last)
            socket.transport.write(frame.serialize(mask=True))
        return (await close_of(socket))[0]


@pytest.mark.parametrize("text", ["{", "[]", '"word"', "{}", '{"type": 5}', '{"type": "launch", "data": {}}'])
async def test_a_frame_without_meaning_is_answered_and_the_socket_stays(
    world: PersisterWorld, text: str
) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        await socket.send(text)
        error = await next_frame(socket, "error_message")
        assert error["plan_id"] == plan_id
        assert error["code"] in ("bad_frame", "unknown_type")
        assert "seq" not in error
        await socket.send('{"type": "ping"}')
        assert (await next_frame(socket, "pong"))["timestamp"]


async def test_a_slow_socket_is_closed_and_resumes(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    # The client reads on only after all is published: until then its close must not be cut off.
    limits: dict[str, Any] = {"gateway_unsent_limit_bytes": 200_000, "gateway_close_grace_seconds": 120}
    async with gateway_service(world, **limits) as service:
        async with service.open(plan_id) as socket:
            assert await service.seqs(socket, until=1) == [1]
            slow = REGISTRY.get_sample_value("agentbus_gateway_slow_closes_total") or 0.0
            socket.transport.pause_reading()
            for first in range(2, 1_202, 100):
                big = (message(plan_id, seq, content="x" * 20_000) for seq in range(first, first + 100))
                await world.publish(big)

            def closed() -> None:
                assert REGISTRY.get_sample_value("agentbus_gateway_slow_closes_total") == slow + 1

            await eventually(closed, within=60)
            socket.transport.resume_reading()
            seen = await read_until_closed(service, socket)
            assert socket.close_code == 4408
            assert seen == list(range(2, 2 + len(seen)))
        async with service.open(plan_id, after_seq=seen[-1] if seen else 1) as socket:
            rest = await service.seqs(socket, until=1_201)
        assert [*seen, *rest] == list(range(2, 1_202))


async def read_until_closed(service: GatewayService, socket: ClientConnection) -> list[int]:
    seen = list[int]()
    try:
        while True:
            seen += await service.seqs(socket, until=0)
    except ConnectionClosed:
        return seen


async def test_when_the_gateway_stops_sockets_are_told_to_come_back(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service:
        socket = await service.open(plan_id)
        assert await service.seqs(socket, until=1) == [1]
    assert (await close_of(socket))[0] == 1012


async def test_pings_come_and_the_silent_are_dropped(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    changes = {"gateway_ping_interval_seconds": 0.2, "gateway_dead_after_seconds": 0.5}
    async with gateway_service(world, **changes) as service, service.open(plan_id) as alive:
        dead = await service.open(plan_id)
        dead.transport.pause_reading()
        for _ in range(5):
            assert (await next_frame(alive, "ping"))["timestamp"]

        def dropped() -> None:
            assert REGISTRY.get_sample_value("agentbus_gateway_sockets") == 1

        await eventually(dropped, within=5)
        dead.transport.resume_reading()
        assert (await close_of(dead))[0] == 1006


async def test_too_many_sockets(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world, gateway_sockets_limit=1) as service, service.open(plan_id) as first:
        async with service.open(plan_id) as second:
            assert (await close_of(second))[0] == 1013
        assert await service.seqs(first, until=1) == [1]


async def test_what_is_no_websocket_is_refused(world: PersisterWorld) -> None:
    async with gateway_service(world) as service:
        port = service.gateway.sockets.port
        for request, status in [
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
            (b"GET /api/v3/socket/p HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
            (b"\x00\x01garbage\r\n\r\n", b"400"),
        ]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            assert (await reader.read()).split(b" ")[1] == status
            writer.close()
            await writer.wait_closed()
