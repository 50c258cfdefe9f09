"""How fast one telemetry process counts a full topic in PostgreSQL, beside a bare consume loop of the same.

Plans of 30 actions, each with two messages between its start and its end; 120,000 events of about 530 bytes
in six partitions. The service reads each, checks it, counts it for Prometheus and in the database (plans,
actions, roll-ups with sketches, errors) and commits; the loop has the records and does nothing. They take
turns. And one plan of 100,000 messages, which is one partition's, from its first message to its last.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import harmonic_mean
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from bench.row import Row
from support.profiles import BEGIN, Act, Profile
from support.stack import Infra
from support.telemetry_world import TelemetryWorld, telemetry_world

from agentbus.contracts.topics import MESSAGES

PLANS, ACTIONS, ROUNDS = 980, 30, 3
LONG_ACTIONS = 25_000
TARGET = 10_000
AGENTS = ("analyst", "writer", "critic", "planner")
TOOLS = ("ruff", "mypy", "tests", "search", "model")


async def measure(
    stack: Infra, *, plans: int = PLANS, rounds: int = ROUNDS, long_actions: int = LONG_ACTIONS
) -> list[Row]:
    """Returns the rates of many plans and of a long one, with the loop's as their reference."""
    many = [await _round(stack, [_plan(number) for number in range(plans // rounds)]) for _ in range(rounds)]
    long = await _round(stack, [_plan(1, long_actions)])
    return [
        _row("telemetry, Kafka to counted", [each.ours for each in many], [each.bare for each in many]),
        _row("telemetry, a plan of 100,000 messages", [long.ours], [long.bare]),
    ]


@dataclass(frozen=True)
class _Rates:
    ours: float
    bare: float


def _row(name: str, ours: list[float], bare: list[float]) -> Row:
    value, reference = harmonic_mean(ours), harmonic_mean(bare)
    return Row(
        name=name,
        value=value,
        unit="events/s",
        reference_name="bare consume loop",
        reference_value=reference,
        ratio=value / reference,
        target=f"≥ {TARGET:,} events/s",
        met=value >= TARGET,
    )


def _plan(number: int, actions: int = ACTIONS) -> Profile:
    acts = tuple(
        Act(
            agent=AGENTS[index % len(AGENTS)],
            tool=TOOLS[(number + index) % len(TOOLS)],
            ms=20 + (index * 37 + number * 11) % 3_000,
            failed=index % 29 == 0,
            model="gpt-4.1" if index % 5 == 4 else "",
            tokens=(900, 120),
        )
        for index in range(actions)
    )
    begins = BEGIN + timedelta(seconds=number % 600)
    return Profile(str(uuid4()), acts, chatter=2, begins=begins)


async def _round(stack: Infra, plans: list[Profile]) -> _Rates:
    async with telemetry_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace()) as world:
        total = 0
        for some in _chunks(plans):
            messages = [message for plan in some for message in plan.messages()]
            await world.publish(messages)
            total += len(messages)
        return _Rates(bare=await _bare(world, total), ours=await _count(world, total))


async def _bare(world: TelemetryWorld, total: int) -> float:
    """Returns records per second from the first batch to the last."""
    topic = f"{world.settings.namespace}{MESSAGES}"
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=world.settings.kafka_bootstrap,
        group_id=f"{world.settings.namespace}bare",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        began, first, read = 0.0, 0, 0
        while read < total:
            batches = await consumer.getmany(timeout_ms=1_000, max_records=2_000)
            read += sum(map(len, batches.values()))
            if not began and read:
                began, first = time.perf_counter(), read
        return (read - first) / (time.perf_counter() - began)
    finally:
        await consumer.stop()


async def _count(world: TelemetryWorld, total: int) -> float:
    """Returns events per second from the first commit seen to the last."""
    async with world.service():
        began, first = await _reached(world, 1)
        ended, last = await _reached(world, total)
    return (last - first) / (ended - began) if ended > began else total / 1e-9


async def _reached(world: TelemetryWorld, at_least: int) -> tuple[float, int]:
    while (counted := await world.counted()) < at_least:  # noqa: ASYNC110  another session commits
        await asyncio.sleep(0.05)
    return time.perf_counter(), counted


def _chunks(plans: list[Profile]) -> Iterator[list[Profile]]:
    for start in range(0, len(plans), 50):
        yield plans[start : start + 50]


if __name__ == "__main__":
    names = ("AGENTBUS_KAFKA_BOOTSTRAP", "AGENTBUS_MONGO_URL", "AGENTBUS_POSTGRES_URL")
    found: Any = Infra(*(os.environ[name] for name in names))
    for row in asyncio.run(measure(found)):
        print(row)
