"""How long a message takes from its publication until it can be read from the database, at 100 messages/s.

The persister runs as its own process, as in service. Every 25th message is looked for by its id until it is
there: looking for more would load the database with the measuring. The first seconds do not count: a broker
that has just started compiles its code then. Reference: one `insert_many` of one document on the same server,
acknowledged.
"""

import asyncio
import time
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

from bench.row import Row
from support.messages import message
from support.persister_world import PersisterWorld, persister_world
from support.stack import Infra

RATE_PER_SECOND, WARM_UP_SECONDS, SECONDS, EVERY = 100, 15, 20, 25
TARGET_MILLISECONDS = 25.0
PLANS = 10


async def measure(stack: Infra) -> list[Row]:
    """Returns publish → stored, p50 and p95."""
    async with persister_world(stack.kafka_bootstrap, stack.mongo_url, stack.namespace()) as world:
        bare = await _bare(world)
        process = await world.start_process()
        try:
            await world.publish([message("warm-up", 1)])
            await world.all_committed(within=60)
            waits = await _stored(world)
        finally:
            process.terminate()
            await process.wait()
    p50, p95 = median(waits), quantiles(waits, n=20)[18]
    return [
        Row(
            name="publish → stored, p50",
            value=p50,
            unit="ms",
            reference_name="ms, one bare insert",
            reference_value=median(bare),
            ratio=p50 / median(bare),
            target=f"≤ {TARGET_MILLISECONDS:g} ms",
            met=p50 <= TARGET_MILLISECONDS,
        ),
        Row(name="publish → stored, p95", value=p95, unit="ms"),
    ]


async def _bare(world: PersisterWorld) -> list[float]:
    taken = []
    plan_id = str(uuid4())
    for seq in range(1, 101):
        began = time.perf_counter()
        await world.messages.append([message(plan_id, seq)])
        taken.append((time.perf_counter() - began) * 1000)
    return taken


async def _stored(world: PersisterWorld) -> list[float]:
    plans = [str(uuid4()) for _ in range(PLANS)]
    begin = time.perf_counter()
    looking: list[asyncio.Task[float]] = []
    for number in range(RATE_PER_SECOND * (WARM_UP_SECONDS + SECONDS)):
        await asyncio.sleep(max(0.0, begin + number / RATE_PER_SECOND - time.perf_counter()))
        item = message(plans[number % PLANS], number // PLANS + 1)
        published = time.perf_counter()
        await world.publish([item])
        if number >= RATE_PER_SECOND * WARM_UP_SECONDS and number % EVERY == 0:
            looking.append(asyncio.create_task(_until_stored(world, item, published)))
    return [milliseconds for task in looking if (milliseconds := await task)]


async def _until_stored(world: PersisterWorld, item: dict[str, Any], published: float) -> float:
    collection = world.database.collection("messages")
    while await collection.find_one({"_id": item["message_id"]}) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    return (time.perf_counter() - published) * 1000
