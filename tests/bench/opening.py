"""How soon a plan of 10,000 messages is at a client: all of it by WebSocket, its first message, and one page.

The plan came by Kafka and the persister, and nobody has read it before. A gateway process that has just
started sends its history to one socket, and then to another. The reference is PostgreSQL itself: asyncpg
reads the same messages, as JSON text, from a table of their own by index and in order. A page of 200 messages
from the middle of the plan stands beside a page of 200 from the middle of a plan of 400. How soon the web app
shows such a plan is told by tests/browser/test_long_plan.py.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
from bench.gateway import gateway_process, socket_url
from bench.row import Row
from bench.socket_clients import Listening
from picows import ws_connect
from support.messages import message
from support.stack import Infra
from support.watched_world import watched_world

MESSAGES, PAGE, TIMES = 10_000, 200, 9
CONTENT = "What an agent says, in a few lines of text. " * 5


async def measure(stack: Infra, *, messages: int = MESSAGES) -> list[Row]:
    """Returns the openings with PostgreSQL's read as their reference, and the page with a short plan's."""
    long, short = _plan(messages), _plan(2 * PAGE)
    async with watched_world(stack) as world:
        async with world.persister():
            await world.publish([*long, *short])
            await world.all_committed(within=300)
        async with gateway_process(world) as port:
            first = await _opened(socket_url(port, long[0]["plan_id"]), messages)
            again = await _opened(socket_url(port, long[0]["plan_id"]), messages)
        rows = await _rows_read(stack.postgres_url, long)
        page, short_page = [
            await _median(partial(world.messages.read, plan[0]["plan_id"], len(plan) // 2, PAGE))
            for plan in (long, short)
        ]
    name = f"plan of {messages:,} messages"
    return [
        _row(f"{name}, by WebSocket, the first time", first[1], rows),
        _row(f"{name}, by WebSocket, again", again[1], rows),
        _row(f"{name}, its first message", first[0], rows),
        Row(
            f"{name}, a page of {PAGE}",
            page * 1000,
            "ms",
            f"of {2 * PAGE}",
            short_page * 1000,
            page / short_page,
        ),
    ]


def _plan(messages: int) -> list[dict[str, Any]]:
    plan_id = str(uuid4())
    return [message(plan_id, seq, content=CONTENT) for seq in range(1, messages + 1)]


def _row(name: str, seconds: float, reference: float) -> Row:
    return Row(
        name=name,
        value=seconds,
        unit="s",
        reference_name="s, asyncpg, the same rows",
        reference_value=reference,
        ratio=seconds / reference,
    )


async def _opened(url: str, messages: int) -> tuple[float, float]:
    """Returns seconds from before the connection to the first message, and to the last."""
    frames: list[float] = []
    whole = asyncio.Event()

    def framed(_text: bytes) -> None:
        frames.append(time.perf_counter())
        if len(frames) == 1 + messages:  # the greeting comes first
            whole.set()

    began = time.perf_counter()
    transport, _ = await ws_connect(lambda: Listening(framed), url)
    async with asyncio.timeout(120):
        await whole.wait()
    transport.disconnect()
    return frames[1] - began, frames[-1] - began


async def _rows_read(url: str, plan: list[dict[str, Any]]) -> float:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "create temp table said (plan_id text, seq int, message jsonb, primary key (plan_id, seq))"
        )
        rows = [(each["plan_id"], each["seq"], orjson.dumps(each).decode()) for each in plan]
        await connection.copy_records_to_table("said", records=rows)
        wanted = "select message from said where plan_id = $1 order by seq"
        return await _median(lambda: connection.fetch(wanted, plan[0]["plan_id"]))
    finally:
        await connection.close()


async def _median(read: Callable[[], Awaitable[Any]]) -> float:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await read()
        times.append(time.perf_counter() - began)
    return median(times)


if __name__ == "__main__":
    names = ("AGENTBUS_KAFKA_BOOTSTRAP", "AGENTBUS_MONGO_URL", "AGENTBUS_POSTGRES_URL")
    for row in asyncio.run(measure(Infra(*(os.environ[name] for name in names)))):
        print(row)
