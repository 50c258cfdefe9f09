"""How soon a published message is at a socket, and how many a second one gateway gives to 200 of them.

The gateway runs as its own process. Latency: 100 messages a second, from before `send` until a socket has the
frame, beside a bare tail of the topic in this process, which sees the same records. Fan-out: 3,000 messages
of about 500 bytes to 200 sockets, Kafka included, beside a picows server that sends the same number of bytes
from memory. The clients only count bytes, so that they do not hold up what is measured.
"""

import asyncio
import os
import sys
import time
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median, quantiles
from uuid import uuid4

import orjson
from bench.row import Row
from bench.socket_clients import Listening, all_received, counting_clients
from picows import ws_connect
from support.eventually import eventually
from support.messages import message
from support.persister_world import PersisterWorld
from support.stack import Infra
from support.watched_world import watched_world

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Record
from agentbus.bus.tail import Tail
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded.ports import choose
from agentbus.gateway.wire import value_frame

SOCKETS, FANOUT_MESSAGES = 200, 3_000
LATENCY_MESSAGES, RATE = 500, 100
P50_TARGET_MS = 5.0


async def measure(
    stack: Infra, *, fanout_messages: int = FANOUT_MESSAGES, latency_messages: int = LATENCY_MESSAGES
) -> list[Row]:
    """Returns latency and fan-out rate of a gateway process, each with its reference."""
    async with (
        watched_world(stack) as world,
        gateway_process(world) as port,
    ):
        over_socket, over_tail = await _latency(world, port, latency_messages)
        ours = await _fanout(world, port, fanout_messages)
    bare = await _bare_fanout(fanout_messages)
    reference = "picows from memory, a send for each"
    return [
        _latency_row("p50", median(over_socket), median(over_tail)),
        _latency_row("p99", _p99(over_socket), _p99(over_tail)),
        Row("gateway, Kafka to 200 sockets", ours, "deliveries/s", reference, bare, ours / bare),
    ]


def _latency_row(name: str, value: float, reference: float) -> Row:
    p50 = name == "p50"
    return Row(
        name=f"gateway, publish to WebSocket, {name}",
        value=value,
        unit="ms",
        reference_name="bare tail of the topic",
        reference_value=reference,
        ratio=value / reference,
        target=f"≤ {P50_TARGET_MS:g} ms" if p50 else "",
        met=value <= P50_TARGET_MS if p50 else None,
    )


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


async def _latency(world: PersisterWorld, port: int, number: int) -> tuple[list[float], list[float]]:
    """Returns milliseconds from before each `send` to the socket, and to a bare tail."""
    plan_id = str(uuid4())
    sent: dict[int, float] = {}
    socket, tail = dict[int, float](), dict[int, float]()

    def tailed(records: list[Record]) -> None:
        for record in records:
            tail.setdefault(orjson.loads(record.value)["seq"], time.perf_counter())

    def framed(text: bytes) -> None:
        seq = orjson.loads(text)["data"].get("seq")
        if seq is not None:
            socket.setdefault(seq, time.perf_counter())

    await world.publish([message(plan_id, 1)])
    address = BusAddress(world.settings.kafka_bootstrap, world.settings.namespace)
    live = Tail(address, [MESSAGES], tailed)
    await live.start()
    transport, _ = await ws_connect(lambda: Listening(framed), socket_url(port, plan_id))
    await eventually(lambda: _holds(1 in socket), within=20)
    async with asyncio.TaskGroup() as sends:
        for seq in range(2, number + 2):
            sends.create_task(_send(world, plan_id, seq, sent))
            await asyncio.sleep(1 / RATE)
    await eventually(lambda: _holds(number + 1 in socket and number + 1 in tail), within=20)
    transport.disconnect()
    await live.stop()
    steady = [seq for seq in sent if seq > number // 10]
    return [1000 * (socket[s] - sent[s]) for s in steady], [1000 * (tail[s] - sent[s]) for s in steady]


async def _send(world: PersisterWorld, plan_id: str, seq: int, sent: dict[int, float]) -> None:
    value = orjson.dumps(message(plan_id, seq))
    sent[seq] = time.perf_counter()
    await world.producer.send(MESSAGES, plan_id, value, schema="message.v1")


async def _fanout(world: PersisterWorld, port: int, number: int) -> float:
    plan_id = str(uuid4())
    log = [message(plan_id, seq) for seq in range(1, number + 2)]
    await world.publish(log[:1])
    frames = [len(value_frame(each["type"], orjson.dumps(each), "message")) for each in log]
    async with counting_clients(port, f"/api/v3/socket/{plan_id}", SOCKETS) as clients:
        await eventually(lambda: _holds(all(each.received > frames[0] for each in clients)), within=60)
        await asyncio.sleep(1)  # the greeting and the first message are there: what follows is the load
        expected = [each.received + sum(frames[1:]) for each in clients]
        began = time.perf_counter()
        await world.publish(log[1:])
        await all_received(clients, expected)
        return number * SOCKETS / (time.perf_counter() - began)


async def _bare_fanout(number: int) -> float:
    port = choose(set())
    size = len(orjson.dumps({"type": "agent_message", "data": message(str(uuid4()), number)}))
    arguments = [str(each) for each in (port, SOCKETS, number, size)]
    command = (sys.executable, "-m", "bench.broadcast_process", *arguments)
    server = await create_subprocess_exec(*command, env=_env({}))
    try:
        await _listening(port, server)
        began = time.perf_counter()
        async with counting_clients(port, "/api/v3/socket/reference", SOCKETS) as clients:
            began = time.perf_counter()
            await all_received(clients, [number * size] * SOCKETS)
            return number * SOCKETS / (time.perf_counter() - began)
    finally:
        server.kill()
        await server.wait()


@asynccontextmanager
async def gateway_process(world: PersisterWorld) -> AsyncIterator[int]:
    """Runs a gateway process; gives its socket port."""
    port = choose(set())
    variables = {
        "KAFKA_BOOTSTRAP": world.settings.kafka_bootstrap,
        "MONGO_URL": world.settings.mongo_url,
        "MONGO_DATABASE": world.settings.mongo_database,
        "NAMESPACE": world.settings.namespace,
        "PORT": str(choose({port})),
        "SOCKET_PORT": str(port),
        "AUTH": "none",
        "LOG_LEVEL": "WARNING",
        "GATEWAY_UNSENT_LIMIT_BYTES": str(16 * 1024 * 1024),
    }
    process = await create_subprocess_exec(sys.executable, "-m", "agentbus.gateway", env=_env(variables))
    try:
        await _listening(port, process)
        yield port
    finally:
        process.terminate()
        await process.wait()


def _env(variables: dict[str, str]) -> dict[str, str]:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, **{f"AGENTBUS_{k}": v for k, v in variables.items()}}


async def _listening(port: int, process: Process) -> None:
    async def accepts() -> None:
        if process.returncode is not None:
            raise RuntimeError("it ended")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            raise AssertionError from error
        writer.close()

    await eventually(accepts, within=60)


def _holds(condition: bool) -> None:
    assert condition


def socket_url(port: int, plan_id: str) -> str:
    return f"ws://127.0.0.1:{port}/api/v3/socket/{plan_id}"


if __name__ == "__main__":
    found = Infra(os.environ["AGENTBUS_KAFKA_BOOTSTRAP"], os.environ["AGENTBUS_MONGO_URL"])
    for row in asyncio.run(measure(found)):
        print(row)
