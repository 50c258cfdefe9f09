"""What the log, the database and the watchers say when everything is quiet again."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from support.campaign.load import LoadRun
from support.system import System

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import decode
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.contracts.message import Message
from agentbus.contracts.topics import MESSAGES, dead_letter_topic, topics
from agentbus.kernel.errors import Invalid
from agentbus.mongo.client import connect
from agentbus.mongo.messages import MessageStore
from agentbus.plan.sequence import PlanSequence

Messages = list[dict[str, Any]]
Marks = dict[tuple[str, int], int]
"""Offsets by topic and partition."""

_SHOWN = 10


@dataclass
class Finding:
    """What was found; `problems` in words."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    dead_letters: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, where: str, *, lost: int = 0, doubled: int = 0) -> None:
        """Counts, and says where."""
        self.lost += lost
        self.doubled += doubled
        if (lost or doubled) and len(self.problems) < _SHOWN:
            self.problems.append(f"{where}: {lost} lost, {doubled} doubled")


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
    finding.dead_letters = sum(now[place] - offset for place, offset in since.items() if place[0] != MESSAGES)
    logged = await _accepted(system, since, run.said)
    database = connect(system.stack.mongo_url, "agentbus")
    try:
        store = MessageStore(database)
        for plan_id, count in run.said.items():
            _check_said(finding, plan_id, count, logged[plan_id])
            _check_same(finding, f"database, plan {plan_id}", logged[plan_id], await store.read(plan_id))
    finally:
        database.close()
    for watcher in run.watchers:
        _check_same(finding, f"socket, plan {watcher.plan_id}", logged[watcher.plan_id], watcher.seen)
        finding.add("socket", lost=watcher.skipped, doubled=watcher.repeated)
        finding.problems += watcher.problems
    for reader in run.readers:
        finding.add("REST reader", lost=reader.skipped, doubled=reader.repeated)
        finding.problems += reader.problems
    finding.messages = sum(map(len, logged.values()))
    return finding


def _check_said(finding: Finding, plan_id: str, count: int, logged: Messages) -> None:
    """Each thing that the team said once, in its order; each `seq` once, from 1."""
    said = [message["content"] for message in logged if message["type"] == "agent_message"]
    expected = [f"message {number}" for number in range(count)]
    times = Counter(said)
    lost, doubled = sum(each not in times for each in expected), len(said) - len(times)
    finding.add(f"log, plan {plan_id}", lost=lost, doubled=doubled)
    seqs = [message["seq"] for message in logged]
    if seqs != list(range(1, len(seqs) + 1)) or (not lost and not doubled and said != expected):
        finding.problems.append(f"log, plan {plan_id}: not in order")


def _check_same(finding: Finding, where: str, logged: Messages, found: Messages) -> None:
    """The same objects, field by field, in the same order."""
    wanted, seqs = {message["seq"] for message in logged}, Counter(message["seq"] for message in found)
    finding.add(where, lost=len(wanted - seqs.keys()), doubled=seqs.total() - len(seqs))
    if wanted == seqs.keys() and seqs.total() == len(seqs) and found != logged:
        finding.problems.append(f"{where}: not equal to the log")


async def _accepted(system: System, since: Marks, plan_ids: Mapping[str, int]) -> dict[str, Messages]:
    """Returns the accepted messages of the plans, read from Kafka once."""
    reader = Reader(BusAddress(system.stack.kafka_bootstrap))
    sequences: defaultdict[str, PlanSequence] = defaultdict(PlanSequence)
    found: dict[str, Messages] = {plan_id: [] for plan_id in plan_ids}
    try:
        for (topic, partition), start in since.items():
            if topic != MESSAGES:
                continue
            async for record in reader.read(MESSAGES, partition, start):
                if record.key not in found or (message := _message(record)) is None:
                    continue
                if sequences[record.key].accept(message["seq"], message["attempt"]).accepted:
                    found[record.key].append(message)
    finally:
        await reader.stop()
    return found


def _message(record: Record) -> dict[str, Any] | None:
    """Returns the message in a record, None for what no consumer takes (a poison record of a fault)."""
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
