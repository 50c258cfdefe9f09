"""What a batch of records means, without any I/O: which messages are valid, which count, what plan they tell.

The same records from the same stored plan always give the same outcome, so a batch may be tried again.
Called by `handlers.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from agentbus.bus.codec import decode
from agentbus.bus.record import Record
from agentbus.contracts.message import Message
from agentbus.kernel.errors import Invalid
from agentbus.plan.projection import PlanDocument, apply
from agentbus.plan.sequence import PlanSequence, Verdict

_UNTOLD: Final = {"type": "state_changed", "payload": {}}
"""Put over a message whose payload the projection cannot read, so that only its `seq` and time are folded."""


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
    message = decode(record.value)
    try:
        Message.model_validate(message)
    except ValidationError as error:
        raise Invalid(_reason(error), code="invalid_message") from None
    if record.key != message["plan_id"]:
        raise Invalid(f"the record's key is {record.key!r}, not its plan_id", code="wrong_key")
    return Incoming(record, message)


def fold(plan: PlanDocument | None, incoming: Sequence[Incoming]) -> Folded:
    """Returns what `incoming`, one plan's messages in log order, makes of the stored `plan`.

    Stale messages are left out. Duplicates are kept to be stored, though not folded again: the database tells
    whether it has them, and so a message that was dead-lettered and replayed is stored after all. So are
    those of an older attempt up to where the stored plan stands: the database has them, or they were missing.
    """
    folded = Folded(plan)
    sequence, stored_seq = position(plan), position(plan).last_seq
    for item in incoming:
        verdict = sequence.accept(item.message["seq"], item.message["attempt"])
        folded.verdicts[verdict] += 1
        if verdict is not Verdict.STALE or item.message["seq"] <= stored_seq:
            folded.kept.append(item)
        if verdict.accepted:
            folded.plan, understood = _apply(folded.plan, item.message)
            if not understood:
                folded.unread.append(item)
    return folded


def catch_up(
    plan: PlanDocument | None, stored: Iterable[dict[str, Any]], before_seq: int
) -> PlanDocument | None:
    """Returns `plan` with the `stored` messages folded in that it lacks, up to `before_seq`."""
    sequence = position(plan)
    for message in stored:
        if message["seq"] < before_seq and sequence.accept(message["seq"], message["attempt"]).accepted:
            plan, _ = _apply(plan, message)
    return plan


def position(plan: PlanDocument | None) -> PlanSequence:
    """Returns where the plan's log stands by its stored state."""
    return PlanSequence() if plan is None else PlanSequence(plan["last_seq"], plan["attempt"])


def _apply(plan: PlanDocument | None, message: dict[str, Any]) -> tuple[PlanDocument, bool]:
    try:
        return apply(plan, message), True
    except (AttributeError, KeyError, TypeError, ValueError):
        return apply(plan, {**message, **_UNTOLD}), False


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:10])
