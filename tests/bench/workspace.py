"""How soon a change that was committed is at another client, with 1,000 sockets on one workspace (B2.1).

The workspace service (its relay) and the gateway run as processes of their own; so do 980 of the sockets.
This process commits 20 changes a second, as the service does, and holds 20 sockets: ten that came first and
ten that came last. Measured from before COMMIT is sent until a socket has the frame, for each change and
each of the 20; the reference is a bare tail of the topic in this process, which sees the same changes.
What a change costs each process in CPU time is told apart, the clients' and this one's from the system's.
"""

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from statistics import median, quantiles
from uuid import uuid4

import httpx
import orjson
from bench.cpu import Meter
from bench.row import Row
from bench.socket_clients import Listening
from picows import WSTransport, ws_connect
from support.eventually import eventually
from support.stack import Infra
from support.workspace_world import WorkspaceWorld, workspace_world

from agentbus.bus.record import Record
from agentbus.bus.tail import Tail
from agentbus.contracts.topics import WORKSPACE_CHANGES
from agentbus.embedded.ports import choose
from agentbus.postgres.database import Database
from agentbus.workspace import store
from agentbus.workspace.model import Author, Draft

SOCKETS, WATCHED = 1_000, 20
RATE_PER_SECOND, WARM_UP_SECONDS, SECONDS = 20, 3, 15
SPACE = "default"
P50_TARGET_MS, P99_TARGET_MS = 10.0, 50.0

Arrivals = dict[int, list[float]]


async def measure(stack: Infra, *, sockets: int = SOCKETS, seconds: int = SECONDS) -> list[Row]:
    """Returns p50 and p99 beside those of the bare tail, and how many sockets were open at the end."""
    world_of = workspace_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace())
    async with world_of as world, AsyncExitStack() as opened:
        workspace = await opened.enter_async_context(_service(world, "agentbus.workspace", {}))
        socket_port = choose(set())
        limits = {"SOCKET_PORT": str(socket_port), "GATEWAY_SOCKETS_PER_USER": str(2 * sockets)}
        gateway = await opened.enter_async_context(_service(world, "agentbus.gateway", limits))
        at_sockets, at_tail = Arrivals(), Arrivals()
        first = [await _watch(socket_port, at_sockets) for _ in range(WATCHED // 2)]
        crowd = await opened.enter_async_context(_crowd(socket_port, sockets - WATCHED))
        last = [await _watch(socket_port, at_sockets) for _ in range(WATCHED // 2)]
        tail = Tail(world.settings.bus_address("bench"), [WORKSPACE_CHANGES], _tailed(at_tail))
        opened.push_async_callback(tail.stop)
        await tail.start()
        pids = {"gateway": gateway.pid, "workspace service": workspace.pid}
        meter = Meter({**pids, "980 clients": crowd.pid, "20 clients and commits": os.getpid()})
        committed = await _commit(world, RATE_PER_SECOND * (WARM_UP_SECONDS + seconds))
        await eventually(lambda: _complete(committed, at_sockets, at_tail), within=60)
        spent = meter.spent()
        for transport in first + last:
            transport.disconnect()
        open_at_end = WATCHED + await _left(crowd)
    rows = _rows(_milliseconds(committed, at_sockets), _milliseconds(committed, at_tail), open_at_end)
    return rows + [
        Row(f"workspace, CPU a change, {name}", 1000 * seconds / len(committed), "ms")
        for name, seconds in spent.items()
    ]


def _rows(ours: list[float], tail: list[float], open_at_end: int) -> list[Row]:
    p50, p99 = median(ours), quantiles(ours, n=100)[98]
    return [
        _row("p50", p50, median(tail), P50_TARGET_MS),
        _row("p99", p99, quantiles(tail, n=100)[98], P99_TARGET_MS),
        Row("workspace, sockets open at the end", open_at_end, "sockets"),
    ]


def _row(name: str, value: float, reference: float, target: float) -> Row:
    return Row(
        name=f"workspace, commit to other client, {name}",
        value=value,
        unit="ms",
        reference_name="bare tail of the topic",
        reference_value=reference,
        ratio=value / reference,
        target=f"≤ {target:g} ms",
        met=value <= target,
    )


async def _commit(world: WorkspaceWorld, number: int) -> dict[int, float]:
    """Makes changes at an even rate; returns when COMMIT was about to be sent, by seq."""
    database, committed = Database(world.settings), dict[int, float]()
    await database.start()
    author, began = Author("bench", "rest"), time.perf_counter()
    task = {"id": str(uuid4()), "title": "Mend the parser", "status": "IN_PROGRESS", "description": "x" * 300}
    for index in range(number):
        await asyncio.sleep(max(0.0, began + index / RATE_PER_SECOND - time.perf_counter()))
        async with database.transaction() as connection:
            await store.lock(connection, SPACE)
            before = await store.read(connection, SPACE, "tasks", task["id"])
            draft = Draft("tasks", {**task, "statusMessage": f"step {index}"}, before)
            (written,) = await store.write(connection, SPACE, [draft], author, datetime.now(UTC))
            committed[written.seq] = time.perf_counter()
    await database.stop()
    return committed


def _milliseconds(committed: dict[int, float], arrived: Arrivals) -> list[float]:
    steady = [seq for seq in committed if seq > RATE_PER_SECOND * WARM_UP_SECONDS]
    return [1000 * (at - committed[seq]) for seq in steady for at in arrived[seq]]


def _complete(committed: dict[int, float], at_sockets: Arrivals, at_tail: Arrivals) -> None:
    assert all(len(at_sockets.get(seq, ())) == WATCHED and seq in at_tail for seq in committed)


def _tailed(arrived: Arrivals) -> Callable[[list[Record]], None]:
    def tailed(records: list[Record]) -> None:
        now = time.perf_counter()
        for record in records:
            arrived.setdefault(orjson.loads(record.value)["seq"], [now])

    return tailed


async def _watch(port: int, arrived: Arrivals) -> WSTransport:
    def framed(text: bytes) -> None:
        now, frame = time.perf_counter(), orjson.loads(text)
        if frame["type"] == "workspace_change":
            arrived.setdefault(frame["data"]["seq"], []).append(now)

    transport, _ = await ws_connect(lambda: Listening(framed), f"ws://127.0.0.1:{port}{_path()}")
    return transport


def _path() -> str:
    return f"/api/v3/workspaces/{SPACE}/socket"


@asynccontextmanager
async def _crowd(port: int, number: int) -> AsyncIterator[Process]:
    """Opens sockets in another process."""
    command = (sys.executable, "-m", "bench.crowd_process", str(port), _path(), str(number))
    process = await create_subprocess_exec(*command, env=_environment({}), stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        assert (await process.stdout.readline()).strip() == b"open"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _left(crowd: Process) -> int:
    out, _ = await crowd.communicate(b"")
    return int(out)


@asynccontextmanager
async def _service(world: WorkspaceWorld, module: str, changes: dict[str, str]) -> AsyncIterator[Process]:
    """Runs a service as a process until the block ends."""
    port = choose({int(changes.get("SOCKET_PORT", 0))})
    variables = {
        "KAFKA_BOOTSTRAP": world.settings.kafka_bootstrap,
        "POSTGRES_URL": world.settings.postgres_url,
        "NAMESPACE": world.settings.namespace,
        "PORT": str(port),
        "AUTH": "none",
        "LOG_LEVEL": "WARNING",
        **changes,
    }
    command = (sys.executable, "-m", module)
    process = await create_subprocess_exec(*command, env=_environment(variables), stdout=DEVNULL)

    async def ready() -> None:
        assert process.returncode is None, f"{module} ended"
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
            except httpx.TransportError as error:
                raise AssertionError from error
            assert answer.status_code == httpx.codes.OK, answer.text

    try:
        await eventually(ready, within=90)
        yield process
    finally:
        process.terminate()
        await process.wait()


def _environment(variables: dict[str, str]) -> dict[str, str]:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, **{f"AGENTBUS_{k}": v for k, v in variables.items()}}
