"""One plan of the log against its documents. The database is read first, then the log up to its end.

So a persister that goes on storing meanwhile makes no difference: what it stored, the log had before. Called
by `verify.py` and `rebuild.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from agentbus.cli.repair.difference import Difference, Kind, Report
from agentbus.cli.repair.partition_log import LoggedPlan, PartitionLog, digest
from agentbus.embedded.progress import silent
from agentbus.mongo.inspection import Inspection
from agentbus.plan.projection import PlanDocument

_EXPLAINED: Final = 20
"""Altered messages of a plan whose fields are looked into."""


class PutAside(NamedTuple):
    """A record's dead letter: where it lies, the record's key, and whether it waits to be put back."""

    place: str
    key: str
    waits: bool


Aside = Mapping[int, PutAside]
"""The dead letters of one partition's records, by the offset of the record."""


@dataclass
class Found:
    """The plan's documents: those equal to the log's, by `seq`; all others as (`_id`, message)."""

    right: set[int] = field(default_factory=set)
    wrong: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    plan: dict[str, Any] | None = None


@dataclass
class Comparison:
    """What differs in one plan, and what a repair needs: `absent` and `altered` to put, others to delete."""

    plan_id: str
    report: Report
    absent: list[int] = field(default_factory=list)
    altered: dict[int, Any] = field(default_factory=dict)
    """By `seq`, the `_id` of the document that is not as the log says."""

    doubled: list[Any] = field(default_factory=list)
    foreign: list[Any] = field(default_factory=list)
    found_plan: dict[str, Any] | None = None
    told_plan: PlanDocument | None = None
    """What the log tells, up to its end."""

    def add(self, kind: Kind, seqs: Iterable[int], detail: str | Callable[[int], str] = "") -> None:
        """Adds differences, one for each run of numbers with the same detail."""
        for first, last, text in _runs(seqs, detail):
            self.report.differences.append(Difference(kind, self.plan_id, first, last, text))

    def add_plan(self, kind: Kind, detail: str = "") -> None:
        """Adds a difference of the plan's document."""
        self.report.differences.append(Difference(kind, self.plan_id, detail=detail))


async def compare(log: PartitionLog, inspection: Inspection, plan_id: str, aside: Aside) -> Comparison:
    """Returns what differs in a plan; `aside` explains what is missing. Raises Transient."""
    found = await _look(inspection, plan_id, log)
    await log.read_on(silent)
    logged = log.plans.get(plan_id)
    comparison = Comparison(plan_id, Report(plans=1), found_plan=found.plan)
    if logged is None:
        return _unknown(comparison, found, trimmed=log.trimmed)
    logged_from = min(logged.entries) if log.trimmed else 1
    comparison.report.messages = len(logged.entries)
    comparison.report.stored = len(found.right) + len(found.wrong)
    await _sort_out_wrong(comparison, found, log, logged, logged_from)
    _count_absent(comparison, found, log, logged, aside)
    numbers = [logged_from - 1, *sorted(logged.entries)]
    holes = [range(low + 1, high) for low, high in pairwise(numbers) if high - low > 1]
    for hole in holes:
        comparison.report.differences.append(Difference(Kind.GAP, plan_id, hole[0], hole[-1]))
    if logged_from == 1:
        comparison.told_plan = logged.fold.plan
        await _compare_plan(comparison, log, logged)
    return comparison


async def _look(inspection: Inspection, plan_id: str, log: PartitionLog) -> Found:
    found, logged = Found(), log.plans.get(plan_id)
    entries = logged.entries if logged else {}
    async for identity, message in inspection.messages(plan_id):
        if _is_right(identity, message, entries):
            found.right.add(message["seq"])
        else:
            found.wrong.append((identity, message))
    # After the messages: the persister saves a plan after its messages, and so it can only be further.
    found.plan = await inspection.plan(plan_id)
    return found


def _is_right(identity: Any, message: dict[str, Any], entries: Mapping[Any, tuple[int, bytes]]) -> bool:
    entry = entries.get(message.get("seq"))
    return entry is not None and identity == message.get("message_id") and entry[1] == digest(message)


async def _sort_out_wrong(
    comparison: Comparison, found: Found, log: PartitionLog, logged: LoggedPlan, logged_from: int
) -> None:
    """Tells newer, altered, doubled, foreign and unchecked documents apart."""
    foreign: list[int] = []
    doubled: list[int] = []
    for identity, message in found.wrong:
        seq = message.get("seq")
        if not isinstance(seq, int) or seq not in logged.entries:
            if isinstance(seq, int) and seq < logged_from:
                comparison.report.unchecked += 1
                continue
            comparison.foreign.append(identity)
            foreign.append(seq if isinstance(seq, int) else 0)
        elif _is_right(identity, message, logged.entries):
            found.right.add(seq)  # the log was read further since
        elif seq in found.right or seq in comparison.altered:
            comparison.doubled.append(identity)
            doubled.append(seq)
        else:
            comparison.altered[seq] = identity
    comparison.add(Kind.FOREIGN, foreign)
    comparison.add(Kind.DOUBLED, doubled)
    await _explain_altered(comparison, found, log)


async def _explain_altered(comparison: Comparison, found: Found, log: PartitionLog) -> None:
    documents = dict(found.wrong)
    details: dict[int, str] = {}
    for seq, identity in list(comparison.altered.items())[:_EXPLAINED]:
        right = await log.message(comparison.plan_id, seq)
        details[seq] = differing(
            {**right, "_id": right["message_id"]}, {**documents[identity], "_id": identity}
        )
    comparison.add(Kind.ALTERED, comparison.altered, lambda seq: details.get(seq, ""))


def _count_absent(
    comparison: Comparison, found: Found, log: PartitionLog, logged: LoggedPlan, aside: Aside
) -> None:
    offsets = {seq: entry[0] for seq, entry in logged.entries.items()}
    comparison.absent = [seq for seq in offsets if seq not in found.right and seq not in comparison.altered]
    lost = [seq for seq in comparison.absent if offsets[seq] < log.settled]
    comparison.report.unstored = len(comparison.absent) - len(lost)

    def where(seq: int) -> str:
        letter = aside.get(offsets[seq])
        return f"put aside: {letter.place}" if letter else ""

    comparison.add(Kind.MISSING, lost, where)


async def _compare_plan(comparison: Comparison, log: PartitionLog, logged: LoggedPlan) -> None:
    found = comparison.found_plan
    if found is None:
        if logged.settled_seq:
            comparison.add_plan(Kind.PLAN_MISSING)
        return
    last_seq = found.get("last_seq")
    if not isinstance(last_seq, int) or not logged.settled_seq <= last_seq <= logged.last_seq:
        comparison.add_plan(Kind.PLAN_ALTERED, f"last_seq is {last_seq!r}, the log's is {logged.last_seq}")
        return
    told = await log.plan_at(comparison.plan_id, last_seq)
    if told is None or digest(told) != digest(found):
        comparison.add_plan(Kind.PLAN_ALTERED, differing(told or {}, found))


def _unknown(comparison: Comparison, found: Found, *, trimmed: bool) -> Comparison:
    """A plan that is stored and that the log does not have."""
    if trimmed:
        comparison.report.unchecked = len(found.wrong)
        return comparison
    comparison.report.stored = len(found.wrong)
    comparison.foreign = [identity for identity, _ in found.wrong]
    comparison.add(Kind.FOREIGN, [message.get("seq") or 0 for _, message in found.wrong])
    if found.plan is not None:
        comparison.add_plan(Kind.PLAN_FOREIGN)
    return comparison


def differing(right: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Returns the names of the fields that are not equal."""
    names = sorted(right.keys() | found.keys())
    absent = object()
    return ", ".join(name for name in names if right.get(name, absent) != found.get(name, absent))


def _runs(seqs: Iterable[int], detail: str | Callable[[int], str]) -> Iterator[tuple[int, int, str]]:
    run: tuple[int, int, str] | None = None
    for seq in sorted(seqs):
        text = detail if isinstance(detail, str) else detail(seq)
        if run is not None and run[1] + 1 == seq and run[2] == text:
            run = (run[0], seq, text)
            continue
        if run is not None:
            yield run
        run = (seq, seq, text)
    if run is not None:
        yield run
