"""How much one client can take from the others: sockets, connections, time, frames, look-ups."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NoReturn
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from support.eventually import eventually
from support.gateway_service import GatewayService, close_of, gateway_service, next_frame
from support.messages import message
from support.persister_world import PersisterWorld
from support.raw_socket import PING, TEXT, client_frame, exchange, upgrade
from support.watched_world import known_plan
from websockets.exceptions import InvalidHandshake

from agentbus.kernel.errors import Transient

pytestmark = pytest.mark.integration

NOBODY_TRUSTED: dict[str, Any] = {"trusted_proxies": ()}


@asynccontextmanager
async def crowded(world: PersisterWorld, **changes: Any) -> AsyncIterator[tuple[GatewayService, str]]:
    """A gateway and a plan that two sockets watch."""
    plan_id = await known_plan(world)
    async with gateway_service(world, **changes) as service, AsyncExitStack() as stack:
        for _ in range(2):
            socket = await stack.enter_async_context(service.open(plan_id))
            assert await service.seqs(socket, until=1) == [1]
        yield service, plan_id


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("agentbus_gateway_refused_total", {"reason": reason}) or 0.0


async def test_one_user_has_so_many_sockets_and_others_theirs(world: PersisterWorld) -> None:
    async with crowded(world, gateway_sockets_per_user=2) as (service, plan_id):
        async with service.open(plan_id) as socket:
            code, reason = await close_of(socket)
            assert code == 4429
            assert "user" in str(reason)
        async with service.open(plan_id, token=service.token(user="ada"), user_id=None) as socket:
            assert await service.seqs(socket, until=1) == [1]


async def test_a_socket_that_closes_makes_room(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world, gateway_sockets_per_user=1) as service:
        for _ in range(3):
            async with service.open(plan_id) as socket:
                assert await service.seqs(socket, until=1) == [1]

            def gone() -> None:
                assert REGISTRY.get_sample_value("agentbus_gateway_sockets") == 0

            await eventually(gone, within=5)


async def test_behind_the_edge_the_address_is_the_clients(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world, gateway_sockets_per_address=1) as service:
        target = service.url(plan_id).partition(str(service.gateway.sockets.port))[2]
        one, other = (upgrade(target, f"X-Forwarded-For: 9.9.9.9, {end}") for end in ("1.2.3.4", "1.2.3.5"))
        reader, writer = await asyncio.open_connection("127.0.0.1", service.gateway.sockets.port)
        writer.write(one)
        await reader.readuntil(b"connection_established")
        assert (await exchange(service.gateway.sockets.port, one)).close_codes == [4429]
        assert (await exchange(service.gateway.sockets.port, other)).close_codes != [4429]
        writer.close()
        await writer.wait_closed()


async def test_an_address_has_so_many_connections(world: PersisterWorld) -> None:
    changes = {**NOBODY_TRUSTED, "gateway_sockets_per_address": 3}
    async with crowded(world, **changes) as (service, plan_id):
        before, port = refused("connections"), service.gateway.sockets.port
        silent = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        assert refused("connections") == before + 1
        for each in (writer, silent[1]):
            each.close()

        async def there_is_room() -> None:
            try:
                async with service.open(plan_id) as socket:
                    assert await service.seqs(socket, until=1) == [1]
            except (OSError, InvalidHandshake) as error:
                raise AssertionError from error

        await eventually(there_is_room, within=5)


async def test_failed_tokens_from_one_address_make_it_wait(world: PersisterWorld) -> None:
    changes = {**NOBODY_TRUSTED, "http_rate_failures": "3/60s"}
    async with crowded(world, **changes) as (service, plan_id):
        codes = []
        for _ in range(4):
            async with service.open(plan_id, token="not.a.token") as socket:
                codes.append((await close_of(socket))[0])
        assert codes == [4401, 4401, 4401, 4429]


async def test_whoever_does_not_ask_for_a_socket_in_time_is_cut_off(world: PersisterWorld) -> None:
    async with crowded(world, gateway_handshake_seconds=0.5) as (service, plan_id):
        request = upgrade(f"/api/v3/socket/{plan_id}")
        for sent in (b"", request[:40]):
            reader, writer = await asyncio.open_connection("127.0.0.1", service.gateway.sockets.port)
            began = time.monotonic()
            writer.write(sent)
            trickle = asyncio.create_task(trickled(writer))
            assert await reader.read() == b""
            assert time.monotonic() - began < 5
            trickle.cancel()
            writer.close()


async def trickled(writer: asyncio.StreamWriter) -> NoReturn:
    """A header that goes on for ever, a byte now and then."""
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.1)


async def test_a_header_above_the_limit_is_not_read(world: PersisterWorld) -> None:
    async with crowded(world) as (service, plan_id):
        target = f"/api/v3/socket/{plan_id}"
        heard = await exchange(service.gateway.sockets.port, upgrade(target, f"X: {'x' * 17_000}"))
        assert heard.status == 0


@pytest.mark.parametrize("opcode", [TEXT, PING])
async def test_whoever_sends_too_much_is_closed(world: PersisterWorld, opcode: int) -> None:
    async with crowded(world, gateway_frames_burst=20, gateway_frames_per_second=1) as (service, plan_id):
        target = service.url(plan_id).partition(str(service.gateway.sockets.port))[2]
        frames = client_frame(opcode, b'{"type":"pong"}') * 40
        heard = await exchange(service.gateway.sockets.port, upgrade(target), frames)
        assert heard.close_codes == [4429]


async def test_a_failure_of_ours_is_told_as_one(
    world: PersisterWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with crowded(world) as (service, plan_id):

        async def fails(*_: object) -> NoReturn:
            raise RuntimeError("broken")

        with monkeypatch.context() as broken:
            broken.setattr(service.gateway.sockets._sessions["plan"], "admit", fails)
            async with service.open(plan_id) as socket:
                code, reason = await close_of(socket)
                assert code == 1011
                assert "broken" not in str(reason)
        async with service.open(plan_id) as socket:
            assert await service.seqs(socket, until=1) == [1]


async def test_plans_that_are_none_are_looked_up_in_bounds(
    world: PersisterWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away and the bus is slow, who asks for nothing waits; who watches goes on."""
    changes = {"gateway_lookups_at_once": 2, "gateway_lookup_seconds": 0.5}
    async with crowded(world, **changes) as (service, plan_id):
        directory = service.gateway.directory

        async def away(_plan_id: str) -> NoReturn:
            raise Transient("no database")

        async def slow(_plan_id: str) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(directory._plans, "get", away)
        monkeypatch.setattr(directory, "_find_record", slow)

        async def asked() -> int | None:
            async with service.open(str(uuid4())) as socket:
                return (await close_of(socket))[0]

        assert set(await asyncio.gather(*(asked() for _ in range(8)))) == {1013}
        async with service.open(plan_id) as socket:
            assert await service.seqs(socket, until=1) == [1]


async def test_an_unknown_plan_reads_no_messages(world: PersisterWorld) -> None:
    """Also while the persister is far behind: whether a plan exists does not stand in its messages alone."""
    plan_id = str(uuid4())
    await world.publish_raw([(plan_id, b"{}")])
    async with gateway_service(world) as service:
        async with service.open(plan_id) as socket:
            assert (await close_of(socket))[0] == 4404
        await world.publish([message(plan_id, 1)])
        async with service.open(plan_id) as socket:
            assert await next_frame(socket, "agent_message")
