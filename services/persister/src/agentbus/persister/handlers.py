"""Storing a batch: messages first, then the plans that they tell, and only then may the offset be committed.

Guarantee: when `store` returns, every message of the batch is stored once, or is among the poison. It may be
called again with the same batch after any failure, here or in another process. Called by `subscribers.py`.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agentbus.bus.batch import Batch, Poison
from agentbus.bus.record import Record
from agentbus.kernel.errors import Invalid
from agentbus.mongo.messages import AppendResult
from agentbus.persister.known_plans import KnownPlans
from agentbus.persister.model import Folded, Incoming, catch_up, fold, position, read
from agentbus.persister.ports import MessageLog, PlanBook
from agentbus.plan.projection import PlanDocument
from agentbus.plan.sequence import Verdict


@dataclass(frozen=True)
class Stored:
    """What became of a batch."""

    result: AppendResult
    poison: list[Poison]
    verdicts: Counter[Verdict]
    plans_saved: int
    unread: list[Incoming]
    unsaved: list[tuple[str, str]]
    """Plans that the database refused, with the code why: their messages are stored all the same."""


async def store(batch: Batch, *, messages: MessageLog, plans: PlanBook, known: KnownPlans) -> Stored:
    """Stores a batch; raises Transient when the database is away, and then nothing is forgotten."""
    by_plan, poison = _read_all(batch.records)
    before = await _plans_before(batch.partition, by_plan, messages, plans, known)
    folds = {plan_id: fold(before[plan_id], incoming) for plan_id, incoming in by_plan.items()}
    kept = [item for folded in folds.values() for item in folded.kept]
    result = await messages.append([item.message for item in kept])
    poison += [Poison(kept[one.position].record, one.code, one.reason) for one in result.refused]
    changed = _changed(before, folds)
    refusals = await _all(_save(plan, plans) for plan in changed.values())
    known.keep(batch.partition, changed)
    return Stored(
        result,
        poison,
        sum((folded.verdicts for folded in folds.values()), Counter[Verdict]()),
        refusals.count(None),
        [item for folded in folds.values() for item in folded.unread],
        [(plan_id, code) for plan_id, code in zip(changed, refusals, strict=True) if code is not None],
    )


async def _save(plan: PlanDocument, plans: PlanBook) -> str | None:
    """Saves a plan; returns the code of the refusal when the database can never hold it."""
    try:
        await plans.save(plan)
    except Invalid as error:
        return error.code
    return None


def _read_all(records: Sequence[Record]) -> tuple[dict[str, list[Incoming]], list[Poison]]:
    by_plan: dict[str, list[Incoming]] = {}
    poison: list[Poison] = []
    for record in records:
        try:
            incoming = read(record)
        except Invalid as error:
            poison.append(Poison(record, error.code, error.message))
        else:
            by_plan.setdefault(record.key, []).append(incoming)
    return by_plan, poison


async def _plans_before(
    partition: int,
    by_plan: dict[str, list[Incoming]],
    messages: MessageLog,
    plans: PlanBook,
    known: KnownPlans,
) -> dict[str, PlanDocument | None]:
    before = {plan_id: known.get(partition, plan_id) for plan_id in by_plan}
    unknown = [plan_id for plan_id, plan in before.items() if plan is None]
    first_seqs = [by_plan[plan_id][0].message["seq"] for plan_id in unknown]
    restored = await _all(
        _restore(plan_id, first_seq, messages, plans)
        for plan_id, first_seq in zip(unknown, first_seqs, strict=True)
    )
    return before | dict(zip(unknown, restored, strict=True))


async def _restore(
    plan_id: str, first_seq: int, messages: MessageLog, plans: PlanBook
) -> PlanDocument | None:
    """Returns the stored plan; where the log goes on further than it, made up for from stored messages."""
    plan = await plans.get(plan_id)
    last_seq = position(plan).last_seq
    if first_seq <= last_seq + 1:
        return plan
    return catch_up(plan, await messages.read(plan_id, last_seq), first_seq)


def _changed(before: dict[str, PlanDocument | None], folds: dict[str, Folded]) -> dict[str, PlanDocument]:
    return {
        plan_id: folded.plan
        for plan_id, folded in folds.items()
        if folded.plan is not None and folded.plan is not before[plan_id]
    }


async def _all(calls: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Returns all results; when some fail, waits for the rest too, so that none runs on into the next try."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return outcomes
