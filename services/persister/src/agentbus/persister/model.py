"""What a batch of records means, without any I/O: which messages are valid, which count, what plan they tell.

The same records from the same stored plan always give the same outcome, so a batch may be tried again. The
rules are those of `agentbus.plan.folding`, which repairs apply too. Called by `handlers.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentbus.bus.messages import message_in
from agentbus.bus.record import Record
from agentbus.plan.folding import PlanFold
from agentbus.plan.projection import PlanDocument
from agentbus.plan.sequence import PlanSequence, Verdict


@dataclass(frozen=True, slots=True)
class Incoming:
    """A valid message, as it came, and the record that it came in."""

    record: Record
    message: dict[str, Any]


@dataclass
class Folded:
    """A plan after a batch: `kept` are the messages to store, `unread` those whose payload made no sense."""

    plan: PlanDocument | None
    kept: list[Incoming] = field(default_factory=list)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    unread: list[Incoming] = field(default_factory=list)


def read(record: Record) -> Incoming:
    """Returns the record's message; raises Invalid with the reason when it holds none."""
    return Incoming(record, message_in(record))


def fold(plan: PlanDocument | None, incoming: Sequence[Incoming]) -> Folded:
    """Returns what `incoming`, one plan's messages in log order, makes of the stored `plan`."""
    walk, folded, seqs = PlanFold(plan), Folded(plan), set[int]()
    for item in incoming:
        taken = walk.take(item.message)
        folded.verdicts[taken.verdict] += 1
        if taken.kept and not (taken.verdict is Verdict.STALE and item.message["seq"] in seqs):
            folded.kept.append(item)
            seqs.add(item.message["seq"])
        if not taken.understood:
            folded.unread.append(item)
    folded.plan = walk.plan
    return folded


def catch_up(
    plan: PlanDocument | None, stored: Iterable[dict[str, Any]], before_seq: int
) -> PlanDocument | None:
    """Returns `plan` with the `stored` messages folded in that it lacks, up to `before_seq`."""
    walk = PlanFold(plan)
    for message in stored:
        if message["seq"] < before_seq:
            walk.take(message)
    return walk.plan


def position(plan: PlanDocument | None) -> PlanSequence:
    """Returns where the plan's log stands by its stored state."""
    return PlanFold(plan).sequence
