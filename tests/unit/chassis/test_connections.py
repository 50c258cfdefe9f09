"""Slow and greedy clients, on raw sockets: a connection is held only by whoever makes use of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY
from support.demo_service import demo_app
from support.eventually import eventually
from support.served import raw, served

from agentbus.chassis.settings import ServiceSettings

GET = b"GET /api/things/required?thing_id=1 HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BOUNDS: dict[str, Any] = {
    "auth": "none",
    "http_head_seconds": 0.5,
    "http_body_seconds": 0.5,
    "http_idle_seconds": 0.5,
    "http_stall_seconds": 0.5,
    "http_connections_limit": 10,
}


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    settings = ServiceSettings.model_validate(BOUNDS)
    async with served(demo_app(settings), settings) as port:
        yield port


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("agentbus_http_refused_total", {"reason": reason}) or 0.0


def code_of(body: bytes) -> str:
    code: str = orjson.loads(body)["code"]
    return code


@pytest.mark.parametrize("start", [b"GET", GET + b"X-Slow: "])
async def test_a_head_that_trickles_in_is_given_up(port: int, start: bytes) -> None:
    before = refused("slow_head")
    async with raw(port) as connection:
        await connection.send(start)
        trickle = asyncio.create_task(connection.trickle(b"a" * 100, every=0.05))
        answer = await connection.answer(within=3)
        await trickle
    assert (answer.status, code_of(answer.body)) == (408, "head_too_slow")
    assert "content-type: application/problem+json" in answer.head
    assert "connection: close" in answer.head
    assert refused("slow_head") == before + 1


async def test_a_connection_that_asks_nothing_is_closed(port: int) -> None:
    async with raw(port) as connection:
        assert await connection.rest(within=3) == b""


async def test_a_second_head_has_no_more_time_than_the_first(port: int) -> None:
    async with raw(port) as connection:
        await connection.send(GET + b"\r\n")
        assert (await connection.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        trickle = asyncio.create_task(connection.trickle(GET * 3, every=0.05))
        assert b"head_too_slow" in await connection.rest(within=3)
        await trickle


async def test_an_idle_connection_is_closed(port: int) -> None:
    async with raw(port) as connection:
        await connection.send(GET + b"\r\n")
        assert (await connection.answer(within=3)).status == 200


async def test_a_body_that_trickles_in_is_given_up(port: int) -> None:
    before = refused("slow_body")
    async with raw(port) as connection:
        await connection.send(POST + b"Content-Length: 1000\r\n\r\n")
        trickle = asyncio.create_task(connection.trickle(b" " * 100, every=0.05))
        answer = await connection.answer(within=4)
        await trickle
    assert (answer.status, code_of(answer.body)) == (408, "body_too_slow")
    assert refused("slow_body") > before


async def test_a_body_that_nobody_reads_does_not_hold_the_connection(port: int) -> None:
    async with raw(port) as connection:
        await connection.send(GET + b"Content-Length: 1000000\r\n\r\n")
        trickle = asyncio.create_task(connection.trickle(b" " * 100, every=0.05))
        assert b"200 OK" in await connection.rest(within=4)
        await trickle


async def test_a_client_that_does_not_read_is_dropped(port: int) -> None:
    before = refused("slow_reader")
    async with raw(port) as connection:
        path = b"/api/things/large?size=50000000"
        await connection.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")

        async def dropped() -> None:
            assert refused("slow_reader") == before + 1

        await eventually(dropped, within=5)


async def test_a_client_that_reads_slowly_gets_all(port: int) -> None:
    async with raw(port) as connection:
        path = b"/api/things/large?size=20000000"
        await connection.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        read = 0
        while read < 20_000_000:
            read += len(await connection.reader.read(1_000_000))
            await asyncio.sleep(0.01)


async def test_more_connections_than_allowed_are_told_to_come_later(port: int) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(raw(port))
        async with raw(port) as late:
            answer = await late.answer(within=3)
        assert (answer.status, code_of(answer.body)) == (503, "too_many_connections")
        assert "retry-after: 5" in answer.head

    async def room_again() -> None:
        async with raw(port) as connection:
            await connection.send(GET + b"Connection: close\r\n\r\n")
            assert (await connection.answer(within=3)).status == 200

    await eventually(room_again, within=3)


async def test_one_address_cannot_take_all_connections() -> None:
    settings = ServiceSettings.model_validate(
        {**BOUNDS, "http_connections_per_address": 2, "trusted_proxies": "192.0.2.1"}
    )
    async with served(demo_app(settings), settings) as port, raw(port), raw(port), raw(port) as third:
        answer = await third.answer(within=3)
        assert (answer.status, code_of(answer.body)) == (503, "too_many_connections")


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (GET + b"X: " + b"a" * 17_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (
            GET + b"".join(b"X-%d: a\r\n" % number for number in range(101)) + b"\r\n",
            431,
            "headers_too_large",
        ),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "target_too_large"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "malformed_http"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed_http"),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "malformed_http"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed_http"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400, "malformed_http"),
    ],
)
async def test_what_is_too_much_or_no_http_is_a_problem(
    port: int, request_bytes: bytes, status: int, code: str
) -> None:
    async with raw(port) as connection:
        await connection.send(request_bytes)
        answer = await connection.answer(within=3)
    assert (answer.status, code_of(answer.body)) == (status, code)
    assert "application/problem+json" in answer.head
