"""What the log, the database and the watchers say when everything is quiet again."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from pydantic import ValidationError
from support.campaign.comparison import Finding, Messages
from support.campaign.load import LoadRun
from support.system import System

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import decode
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.cli.repair.difference import Report
from agentbus.cli.repair.verify import Comparing
from agentbus.contracts.message import Message
from agentbus.contracts.topics import MESSAGES, dead_letter_topic, topics
from agentbus.embedded.progress import silent
from agentbus.kernel.errors import Invalid
from agentbus.mongo.client import connect
from agentbus.plan.sequence import PlanSequence

Marks = dict[tuple[str, int], int]
"""Offsets by topic and partition."""


async def marks(system: System) -> Marks:
    """Returns where the messages and the dead letters end now."""
    reader = Reader(BusAddress(system.stack.kafka_bootstrap))
    try:
        return {
            (topic, partition): end
            for topic in (MESSAGES, *_dead_letter_topics())
            for partition, end in (await reader.end_offsets(topic)).items()
        }
    finally:
        await reader.stop()


async def check(system: System, since: Marks, run: LoadRun) -> Finding:
    """Compares, for every plan of the load, what its team said, Kafka, the database, and the watchers."""
    finding = Finding()
    now = await marks(system)
    finding.dead_letters = sum(now[place] - end for place, end in since.items() if place[0] != MESSAGES)
    logged = await _accepted(system, since, run.said)
    finding.messages = sum(map(len, logged.values()))
    for plan_id, said in run.said.items():
        finding.compare_said(f"log, plan {plan_id}", said, logged[plan_id])
    finding.take_in(await _verify(system, run.said))
    for watcher in run.watchers:
        where = f"socket, plan {watcher.plan_id}"
        finding.compare_seen(where, logged[watcher.plan_id], watcher.seen)
        finding.count(where, lost=0, doubled=watcher.repeated)
        finding.problems += watcher.problems
    for reader in run.readers:
        finding.count("a REST reader", lost=reader.skipped, doubled=reader.repeated)
        finding.problems += reader.problems
    return finding


async def _verify(system: System, plan_ids: Collection[str]) -> Report:
    """What `agentbus verify` says of these plans."""
    reader, database = (
        Reader(BusAddress(system.stack.kafka_bootstrap)),
        connect(system.stack.mongo_url, "agentbus"),
    )
    try:
        comparing = Comparing(reader, database, silent)
        return await comparing.sum(comparing.plans(plan_ids))
    finally:
        await reader.stop()
        database.close()


async def _accepted(system: System, since: Marks, plan_ids: Iterable[str]) -> dict[str, Messages]:
    """Returns the accepted messages of the plans, read from Kafka once."""
    reader = Reader(BusAddress(system.stack.kafka_bootstrap))
    sequences: defaultdict[str, PlanSequence] = defaultdict(PlanSequence)
    found: dict[str, Messages] = {plan_id: [] for plan_id in plan_ids}
    partitions = [(partition, start) for (topic, partition), start in since.items() if topic == MESSAGES]
    try:
        for partition, start in partitions:
            async for record in reader.read(MESSAGES, partition, start):
                if record.key not in found or (message := _message(record)) is None:
                    continue
                if sequences[record.key].accept(message["seq"], message["attempt"]).accepted:
                    found[record.key].append(message)
    finally:
        await reader.stop()
    return found


def _message(record: Record) -> dict[str, Any] | None:
    """Returns the message in a record; None for what no consumer takes, such as a fault's poison."""
    try:
        message: dict[str, Any] = decode(record.value)
        Message.model_validate(message)
    except (Invalid, ValidationError):
        return None
    return message if message["plan_id"] == record.key else None


def _dead_letter_topics() -> list[str]:
    return [
        dead_letter_topic(topic.name, group) for topic in topics().values() for group in topic.dead_letter
    ]
