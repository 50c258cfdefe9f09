"""Whatever a client sends, the gateway goes on serving the others, in bounded memory, by documented codes."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import uuid4

import orjson
import pytest
from support.gateway_process import GatewayProcess, gateway_process
from support.hostile_frames import Case, hostile_frames
from support.messages import message
from support.persister_world import PersisterWorld
from support.raw_socket import KEY, exchange, upgrade
from websockets.asyncio.client import ClientConnection, connect

from agentbus.contracts.frames import CloseCode

pytestmark = pytest.mark.integration

CONNECTS, WAVE = 10_000, 250
NOISY = 600
GROWTH_LIMIT_BYTES = 64 * 1024 * 1024
ALLOWED = {int(code) for code in CloseCode} - {CloseCode.FAILED, CloseCode.UNAVAILABLE}
BREACHES = ("rsv", "opcode", "bomb in", "flag on", "unmasked", "fragmented", "continuation", "text inside")
"""How the cases are named that RFC 6455 does not allow, whatever they hold."""
GONE = 1006
"""How the gateway counts a client that hung up without a word."""


async def serves(good: ClientConnection, number: int) -> None:
    """Fails unless a client that was there all the time is answered."""
    await good.send(orjson.dumps({"type": "ping", "data": {"n": number}}).decode())
    async with asyncio.timeout(10):
        async for text in good:
            frame = orjson.loads(text)
            if frame["type"] == "pong" and frame["data"].get("n") == number:
                return
    raise AssertionError(f"the good client's socket was closed: {good.close_code}")


async def lets_in(gateway: GatewayProcess, target: str) -> None:
    """Fails unless a new client sees the plan."""
    async with asyncio.timeout(10), connect(f"ws://127.0.0.1:{gateway.socket_port}{target}") as socket:
        seen = [orjson.loads(await socket.recv()) for _ in range(2)]
        assert [frame["type"] for frame in seen] == ["connection_established", "agent_message"]


async def throw(gateway: GatewayProcess, target: str, cases: Sequence[Case]) -> Counter[int]:
    """Sends each case over a socket of its own; returns the close codes that came back."""
    codes = Counter[int]()
    for name, sent in cases:
        heard = await exchange(gateway.socket_port, upgrade(target), sent)
        assert heard.status == 101, name
        assert set(heard.close_codes) <= ALLOWED, (name, heard.close_codes)
        if name.startswith(BREACHES):
            assert set(heard.close_codes) == {CloseCode.PROTOCOL_ERROR}, (name, heard.close_codes)
        codes.update(heard.close_codes)
    return codes


async def test_no_frame_harms_anyone_else(world: PersisterWorld, tell: Callable[[str], None]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    target = await watched(world)
    cases = hostile_frames(seed, NOISY)
    async with gateway_process(world) as gateway, connect(url(gateway, target)) as good:
        await throw(gateway, target, cases[:20])
        before = gateway.resident_bytes
        codes = Counter[int]()
        for first in range(0, len(cases), 20):
            codes += await throw(gateway, target, cases[first : first + 20])
            await serves(good, first)
            await lets_in(gateway, target)
        grown = gateway.resident_bytes - before
        assert grown < GROWTH_LIMIT_BYTES
        assert await gateway.ready()
        assert set(await gateway.closes()) <= ALLOWED | {GONE}
    for expected in (1002, 1003, 1007, 1009, 4429):
        assert codes[expected], f"no case came to {expected}"
    tell(f"{len(cases)} cases of frames, seed {seed}; codes {dict(codes)}; grown {grown // 1024} KiB")


async def test_no_handshake_harms_anyone_else(world: PersisterWorld, tell: Callable[[str], None]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    target = await watched(world)
    whole = upgrade(target)
    cases = [whole[:size] for size in range(0, len(whole), 3)]
    cases += [
        upgrade(target, f"X: {'x' * 17_000}"),
        upgrade(target, *(f"X-{number}: x" for number in range(200))),
        upgrade(target, "Content-Length: 5") + b"hello",
        upgrade(target, "Transfer-Encoding: chunked"),
        upgrade(target, "Bad Header: x"),
        upgrade(target, "X: a\x00b"),
        whole.replace(b"GET", b"POST"),
        whole.replace(b"HTTP/1.1", b"HTTP/1.0"),
        whole.replace(KEY.encode(), b"short"),
        whole.replace(b"Version: 13", b"Version: 99"),
        whole.replace(b"\r\n", b"\n"),
    ]
    cases += [chance.randbytes(chance.randrange(1, 2_000)) + b"\r\n\r\n" for _ in range(200)]
    for _ in range(200):
        changed = bytearray(whole)
        changed[chance.randrange(len(changed))] = chance.randrange(256)
        cases.append(bytes(changed))
    statuses = Counter[int]()
    async with gateway_process(world) as gateway, connect(url(gateway, target)) as good:
        for number, request in enumerate(cases):
            statuses[(await exchange(gateway.socket_port, request)).status] += 1
            if number % 20 == 0:
                await serves(good, number)
        await lets_in(gateway, target)
        assert set(await gateway.closes()) <= ALLOWED | {GONE}
    assert set(statuses) <= {0, 101, 400, 404}
    tell(f"{len(cases)} handshakes, seed {seed}; statuses {dict(statuses)} (0: closed without an answer)")


async def test_10_000_connects(world: PersisterWorld, tell: Callable[[str], None]) -> None:
    target = await watched(world)
    endings = Counter[str]()

    async def visit(number: int, gateway: GatewayProcess) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.socket_port)
        ending = ("after the greeting", "after the upgrade", "in the upgrade", "without a word")[number % 4]
        request = upgrade(target)
        if ending == "in the upgrade":
            writer.write(request[:60])
        elif ending != "without a word":
            writer.write(request)
            assert b"101" in await reader.readline()
            if ending == "after the greeting":
                await reader.readuntil(b"connection_established")
        writer.transport.abort()
        endings[ending] += 1

    async with gateway_process(world) as gateway, connect(url(gateway, target)) as good:
        before, most = 0, 0
        for first in range(0, CONNECTS, WAVE):
            async with asyncio.timeout(60), asyncio.TaskGroup() as wave:
                for number in range(first, first + WAVE):
                    wave.create_task(visit(number, gateway))
            await serves(good, first)
            most = max(most, gateway.descriptors)
            before = before or (gateway.resident_bytes if first >= CONNECTS // 10 else 0)
        grown = gateway.resident_bytes - before
        await lets_in(gateway, target)
    assert endings.total() == CONNECTS
    assert grown < GROWTH_LIMIT_BYTES
    assert most < WAVE + 100
    tell(f"{CONNECTS} connects, {WAVE} at once; then at most {most} descriptors; grown {grown // 1024} KiB")


async def watched(world: PersisterWorld) -> str:
    plan_id = str(uuid4())
    await world.publish([message(plan_id, 1)])
    return f"/api/v3/socket/{plan_id}"


def url(gateway: GatewayProcess, target: str) -> str:
    return f"ws://127.0.0.1:{gateway.socket_port}{target}"
