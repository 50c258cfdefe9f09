"""Faults that somebody writes to `agent.messages`: poison, duplicates, the words of a runner of before."""

import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import httpx
from pydantic import ValidationError
from support.campaign.fault import Fault
from support.eventually import eventually
from support.system import System

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import encode
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing, Record
from agentbus.contracts.identifiers import message_id
from agentbus.contracts.message import Message
from agentbus.contracts.topics import MESSAGES, dead_letter_topic, topics

READERS = len(topics()[MESSAGES].dead_letter)
"""How many groups put a poison record of the messages aside, each for itself."""
_BROKEN = (b"\xff\x00 not JSON", b"{}", b'{"plan_id": "another", "seq": 1, "attempt": 1}', b"[1, 2, 3]")
_READING = ("persister", "telemetry", "workspace")
_ALL_POISON_RECORDS = 1500
_MOST_BEFORE_THE_LIMIT = 100
_HALT_SECONDS = 30
_RAISED = {"AGENTBUS_DEAD_LETTER_CONSECUTIVE": "100000", "AGENTBUS_DEAD_LETTER_RATIO": "1"}
_TAIL_RECORDS = 200
_TAKE_OVER_SECONDS = 60


class Poison(Fault):
    """One record in ten is none that a consumer can read."""

    name = "poison: 10 %"
    what = "one record in ten of those that stand on the topic is written again, broken in four ways"

    async def inflict(self, system: System) -> None:
        async with _bus(system) as (reader, producer):
            there = await _newest(reader)
            keys = [message.plan_id for _, message in there[::10]]
            broken = [Outgoing(MESSAGES, key, _BROKEN[n % len(_BROKEN)]) for n, key in enumerate(keys)]
            await producer.send_all(broken, timeout_seconds=30)
        self.dead_letters = len(broken) * READERS


class NothingButPoison(Fault):
    """One partition gets nothing else for a while: its readers halt it, until somebody decides what to do."""

    name = "poison: 100 %"
    what = "1,500 broken records on one partition: it is halted, not drained; repaired by raising the limit"
    seconds = 10

    async def inflict(self, system: System) -> None:
        broken = [Outgoing(MESSAGES, "poison", b"\xff not JSON")] * _ALL_POISON_RECORDS
        async with _bus(system) as (reader, producer):
            before = await _dead(reader)
            await producer.send_all(broken, timeout_seconds=30)
            for service in _READING:
                await eventually(partial(_halted, system, service), within=_HALT_SECONDS)
            drained = await _dead(reader) - before
            assert drained <= READERS * _MOST_BEFORE_THE_LIMIT, f"{drained} records were drained"
        await _restart_readers(system, _RAISED)
        self.dead_letters = len(broken) * READERS

    async def clear(self, system: System) -> None:
        await _restart_readers(system, {})


class Duplicates(Fault):
    """Records are there twice, byte for byte, the second time in any order."""

    name = "duplicates, out of order"
    what = "the newest records are sent again byte for byte, shuffled, as by a broken producer"

    async def inflict(self, system: System) -> None:
        async with _bus(system) as (reader, producer):
            again = [
                Outgoing(MESSAGES, record.key, record.value, record.headers)
                for record, _ in await _newest(reader)
            ]
            random.Random(1).shuffle(again)
            await producer.send_all(again, timeout_seconds=30)


class Zombie(Fault):
    """After a take-over the runner of before writes on, under its old attempt."""

    name = "stale attempt: a zombie writes"
    what = "the runner is killed; once its plans go on, messages of their older attempts are written"
    seconds = 5

    async def inflict(self, system: System) -> None:
        await system.stack.kill("runner")
        async with _bus(system) as (reader, producer):
            newest = await eventually(lambda: _taken_over(reader), within=_TAKE_OVER_SECONDS)
            forged = [_stale(message, ahead) for message in newest for ahead in (1, 2, 5)]
            await producer.send_all(forged, timeout_seconds=30)


@asynccontextmanager
async def _bus(system: System) -> AsyncIterator[tuple[Reader, Producer]]:
    address = BusAddress(system.stack.kafka_bootstrap)
    reader, producer = Reader(address), Producer(address)
    await producer.start()
    try:
        yield reader, producer
    finally:
        await producer.stop()
        await reader.stop()


async def _dead(reader: Reader) -> int:
    names = [dead_letter_topic(MESSAGES, group) for group in topics()[MESSAGES].dead_letter]
    return sum([end for name in names for end in (await reader.end_offsets(name)).values()])


async def _halted(system: System, service: str) -> None:
    """The metric that the alert asks has risen, and readiness says why."""
    assert await system.metric(service, "agentbus_bus_halted_partitions") == 1
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{system.stack.port(service)}/health/ready")
    assert answer.status_code == 200, "it has other partitions to work on"
    assert answer.json()["status"] == "degraded"
    assert "in a row cannot be handled" in answer.text


async def _restart_readers(system: System, environment: Mapping[str, str]) -> None:
    for service in _READING:
        await system.stack.stop(service)
        await system.stack.start(service, environment)


async def _newest(reader: Reader) -> list[tuple[Record, Message]]:
    """Returns the newest messages with their records; what is no message is left out."""
    found = []
    for partition, end in (await reader.end_offsets(MESSAGES)).items():
        start = max(0, end - _TAIL_RECORDS)
        async for record in reader.read(MESSAGES, partition, start, end):
            with contextlib.suppress(ValidationError):
                found.append((record, Message.model_validate_json(record.value)))
    return found


async def _taken_over(reader: Reader) -> list[Message]:
    """Returns the newest message of each plan that was taken over and goes on."""
    newest = {message.plan_id: message for _, message in await _newest(reader) if message.attempt > 1}
    going_on = [message for message in newest.values() if message.type == "agent_message"]
    assert going_on, "no plan was taken over yet"
    return going_on


def _stale(message: Message, ahead: int) -> Outgoing:
    seq, attempt = message.seq + ahead, message.attempt - 1
    forged = message.model_dump(mode="json") | {
        "message_id": message_id(message.plan_id, seq, attempt),
        "seq": seq,
        "attempt": attempt,
        "content": "said by a zombie",
    }
    return Outgoing(MESSAGES, message.plan_id, encode(forged))
