"""The edge: one origin, each path to its service, limits kept. The real Caddy and Caddyfile, before two
upstreams that answer with their name and the path that they were asked for."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from support.eventually import eventually
from support.served import raw
from support.stack import stack_home

from agentbus.embedded.stack import Stack

pytestmark = pytest.mark.integration


_given_up = asyncio.Event()
"""The edge has closed its connection to an upstream before a request's end."""


@asynccontextmanager
async def _upstream(name: str) -> AsyncIterator[str]:
    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        try:
            await reader.readexactly(int(length[1]) if length else 0)
        except asyncio.IncompleteReadError:
            head += b"/dies"
            _given_up.set()
        if b"/dies" in head:
            writer.close()
            return
        body = f"{name} {head.split()[1].decode()}".encode()
        if b"/forwarded" in head:
            body = b", ".join(re.findall(rb"(?i)x-forwarded-for: (.*)\r", head))
        writer.write(
            b"HTTP/1.1 200 OK\r\nX-Frame-Options: SAMEORIGIN\r\nServer: secret\r\nConnection: close\r\n"
        )
        announced = 2 * len(body) if b"/cut" in head else len(body)
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (announced, body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture(scope="module")
async def started() -> AsyncIterator[Stack]:
    with stack_home() as home:
        async with (
            _upstream("plans") as plans,
            _upstream("gateway") as gateway,
            Stack(home=home, parts=[]) as up,
        ):
            upstreams = {"AGENTBUS_PLANS_UPSTREAM": plans, "AGENTBUS_SOCKET_UPSTREAM": gateway}
            short = dict.fromkeys(("READ_HEADER", "READ_BODY", "IDLE"), "1s")
            await up.start(
                "edge", upstreams | {f"AGENTBUS_EDGE_{name}": value for name, value in short.items()}
            )
            yield up


@pytest.fixture
async def edge(started: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=started.url, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def given_up() -> asyncio.Event:
    _given_up.clear()
    return _given_up


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/health", "plans"),
        ("/api/v3/plan?plan_id=1", "plans"),
        ("/api/v3/socket/1?user_id=u", "gateway"),
    ],
)
async def test_each_path_reaches_its_service(edge: httpx.AsyncClient, path: str, service: str) -> None:
    assert (await edge.get(path)).text == f"{service} {path}"


async def test_other_paths_are_problems(edge: httpx.AsyncClient) -> None:
    answer = await edge.get("/metrics")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


async def test_security_headers_are_added_and_a_services_own_are_kept(edge: httpx.AsyncClient) -> None:
    headers = (await edge.get("/health")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "server" not in headers


async def test_its_own_answers_have_the_headers_that_a_services_have(edge: httpx.AsyncClient) -> None:
    for path in ("/", "/metrics", "/api/v3/dies"):
        headers = (await edge.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; base-uri 'none'")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


async def test_nobody_says_for_others_where_they_come_from(edge: httpx.AsyncClient) -> None:
    answer = await edge.get("/api/v3/forwarded", headers={"X-Forwarded-For": "6.6.6.6"})
    assert answer.text == "127.0.0.1"


async def test_headers_past_their_limit_are_refused(edge: httpx.AsyncClient) -> None:
    assert (await edge.get("/health", headers={"X-Large": "x" * 30_000})).status_code == 431


HEAD = b"POST /api/v3/process_request HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize("start", [b"", HEAD + b"X-Slow: "])
async def test_who_is_slow_with_the_head_is_dropped(started: Stack, start: bytes) -> None:
    async with raw(started.port("edge")) as connection:
        await connection.send(start)
        trickle = asyncio.create_task(connection.trickle(b"a" * 200 * bool(start), every=0.05))
        assert b" 200 " not in await connection.rest(within=6)
        await trickle


async def test_who_is_slow_with_the_body_does_not_hold_the_service(
    started: Stack, given_up: asyncio.Event
) -> None:
    async with raw(started.port("edge")) as connection:
        await connection.send(HEAD + b"Content-Length: 1000\r\n\r\n")
        trickle = asyncio.create_task(connection.trickle(b"a" * 200, every=0.05))
        await asyncio.wait_for(given_up.wait(), 6)
        trickle.cancel()


async def test_an_idle_connection_is_closed(started: Stack) -> None:
    async with raw(started.port("edge")) as connection:
        await connection.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in await connection.rest(within=6)


async def test_a_body_over_two_megabytes_is_refused(edge: httpx.AsyncClient) -> None:
    answer = await edge.post("/api/v3/process_request", content=b"x" * 2_100_000)
    assert answer.status_code == 413
    assert answer.json()["code"] == "edge_413"


async def test_its_own_errors_are_like_a_services(edge: httpx.AsyncClient) -> None:
    answer = await edge.post("/api/v3/dies", json={})
    assert (answer.status_code, answer.json()["code"]) == (502, "edge_502")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


async def test_no_log_holds_a_sockets_token(started: Stack, edge: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await edge.get("/api/v3/socket/cut", params={"token": "very-secret", "access_token": "very-secret"})

    async def logged() -> str:
        text = started.log("edge").read_text()
        assert "incomplete response" in text
        return text

    text = await eventually(logged, within=5)
    assert "token=REDACTED" in text
    assert "very-secret" not in text
