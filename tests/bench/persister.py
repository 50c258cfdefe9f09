"""How fast the persister drains a full topic, beside a bare `insert_many` loop of the same documents.

20 plans of 5,000 messages of about 480 bytes. The persister reads them from Kafka, checks each, keeps the
plans and commits; the loop has the documents in memory and does nothing else. Same server, same index, same
batch size. They take turns, a fifth of the messages each time, so that a noisy neighbour disturbs both.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import harmonic_mean
from typing import Any
from uuid import uuid4

from bench.row import Row
from pymongo import MongoClient
from support.messages import message
from support.persister_world import PersisterWorld, persister_world
from support.stack import Infra

from agentbus.bus.reader import Reader
from agentbus.contracts.topics import MESSAGES, topics
from agentbus.persister.app import GROUP

PLANS, MESSAGES_EACH, BATCH, ROUNDS = 20, 5_000, 1_000, 5
TARGET = 0.70


async def measure(stack: Infra, *, messages_each: int = MESSAGES_EACH, rounds: int = ROUNDS) -> list[Row]:
    """Returns the persister's rate with the loop's as its reference."""
    bare, ours = [], []
    for _ in range(rounds):
        log = _log(messages_each // rounds)
        bare.append(await asyncio.to_thread(_bare_loop, stack.mongo_url, stack.database(), log))
        async with persister_world(stack.kafka_bootstrap, stack.mongo_url, stack.namespace()) as world:
            ours.append(await _drain(world, log))
    ratio = harmonic_mean(ours) / harmonic_mean(bare)
    return [
        Row(
            name="persister, Kafka to stored",
            value=harmonic_mean(ours),
            unit="messages/s",
            reference_name="bare insert_many loop",
            reference_value=harmonic_mean(bare),
            ratio=ratio,
            target=f"ratio ≥ {TARGET:.2f}",
            met=ratio >= TARGET,
        )
    ]


def _log(messages_each: int) -> list[dict[str, Any]]:
    plans = [str(uuid4()) for _ in range(PLANS)]
    return [message(plan_id, seq) for seq in range(1, messages_each + 1) for plan_id in plans]


def _bare_loop(url: str, database: str, log: list[dict[str, Any]]) -> float:
    documents = [{"_id": each["message_id"], **each} for each in log]
    with MongoClient[dict[str, Any]](url, w="majority") as client:
        messages = client[database]["messages"]
        messages.create_index([("plan_id", 1), ("seq", 1)], unique=True)
        began = time.perf_counter()
        for chunk in _chunks(documents):
            messages.insert_many(chunk, ordered=False)
        seconds = time.perf_counter() - began
        client.drop_database(database)
    return len(log) / seconds


@dataclass(frozen=True)
class _Progress:
    at: float
    committed: int


async def _drain(world: PersisterWorld, log: list[dict[str, Any]]) -> float:
    """Returns messages per second from the first commit seen to the last, without joining the group."""
    for chunk in _chunks(log):
        await world.publish(chunk)
    async with world.persister():
        first = await _committed(world.reader, at_least=1)
        last = await _committed(world.reader, at_least=len(log))
    return (last.committed - first.committed) / (last.at - first.at)


async def _committed(reader: Reader, at_least: int) -> _Progress:
    while True:
        partitions = range(topics()[MESSAGES].partitions)
        offsets = await asyncio.gather(*(reader.committed(GROUP, MESSAGES, each) for each in partitions))
        if sum(offsets) >= at_least:
            return _Progress(time.perf_counter(), sum(offsets))
        await asyncio.sleep(0.05)


def _chunks(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


if __name__ == "__main__":
    found = Infra(os.environ["AGENTBUS_KAFKA_BOOTSTRAP"], os.environ["AGENTBUS_MONGO_URL"])
    for row in asyncio.run(measure(found)):
        print(row)
