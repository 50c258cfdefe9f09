"""Faults that somebody writes to `agent.messages`: poison, duplicates, the words of a runner of before."""

import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
from agentbus.contracts.topics import MESSAGES, topics

READERS = len(topics()[MESSAGES].dead_letter)
"""How many groups put a poison record of the messages aside, each for itself."""
_BROKEN = (b"\xff\x00 not JSON", b"{}", b'{"plan_id": "another", "seq": 1, "attempt": 1}', b"[1, 2, 3]")
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
