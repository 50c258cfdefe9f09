"""`messages` and `plans` made what the log says: adds what is missing, rewrites what differs, compares again.

Writes beside running persisters: each write sets what the log says or takes away what contradicts it, so it
may be stopped anywhere and run again. Documents of which the log has nothing are left, unless `prune`. That
is why this may write what is otherwise the persister's alone, by its own rules (`agentbus.plan.folding`).
Called by `agentbus rebuild messages`, for the live database or a new one.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from agentbus.bus.reader import Reader
from agentbus.cli.repair.comparison import Comparison
from agentbus.cli.repair.difference import Report
from agentbus.cli.repair.partition_log import PartitionLog, digest
from agentbus.cli.repair.verify import Comparing
from agentbus.embedded.progress import Report as Progress
from agentbus.embedded.progress import silent
from agentbus.kernel.errors import Duplicate, Invalid, Transient
from agentbus.mongo.client import Database
from agentbus.mongo.inspection import Inspection
from agentbus.mongo.messages import DOUBLED, MessageStore
from agentbus.mongo.plans import PlanStore

_BATCH: Final = 1000


@dataclass
class Rebuilt:
    """What was found, what was done, and what still differs (`after`)."""

    before: Report = field(default_factory=Report)
    after: Report = field(default_factory=Report)
    added: int = 0
    rewritten: int = 0
    removed: int = 0
    plans_saved: int = 0
    refused: int = 0
    """What the database cannot hold: it stays in the log and in the dead letter."""


async def rebuild(
    reader: Reader,
    database: Database,
    *,
    dry_run: bool = False,
    prune: bool = False,
    progress: Progress = silent,
) -> Rebuilt:
    """Mends the database from the log and compares again; with `dry_run`, only says what differs.

    Raises Transient when Kafka or the database is away: what was done stays, run it again.
    """
    mending = Mending(database, prune=prune, progress=progress)
    rebuilt = mending.rebuilt
    comparing, touched = Comparing(reader, database, progress), set[str]()
    if not dry_run:
        await mending.prepare()
    async for log, comparisons in comparing.everything():
        if not dry_run:
            touched |= await mending.mend(log, comparisons)
        for each in comparisons:
            rebuilt.before += each.report
            rebuilt.after += Report() if each.plan_id in touched else each.report
    rebuilt.before += comparing.rest
    rebuilt.after += comparing.rest
    if touched:
        await mending.prepare()
        again = Comparing(reader, database, progress)
        rebuilt.after += await again.sum(again.plans(touched, account=False))
    return rebuilt


class Mending:
    """Writes what `Comparison`s ask for, and counts it in `rebuilt`."""

    def __init__(self, database: Database, *, prune: bool, progress: Progress) -> None:
        self._inspection = Inspection(database)
        self._messages = MessageStore(database)
        self._plans = PlanStore(database)
        self._prune = prune
        self._progress = progress
        self.rebuilt = Rebuilt()

    async def prepare(self) -> None:
        """Makes the indexes. The unique one has to wait while there are doubled documents."""
        try:
            await self._messages.ensure_indexes()
        except Transient as error:
            if error.code != DOUBLED:
                raise
        await self._plans.ensure_indexes()

    async def mend(self, log: PartitionLog, comparisons: list[Comparison]) -> set[str]:
        """Mends these plans of the partition; returns those that anything was done to."""
        touched = {each.plan_id for each in comparisons if self._concerns(each)}
        chosen = [each for each in comparisons if each.plan_id in touched]
        # Removed first: what contradicts the log may hold the place of what the log says.
        for each in chosen:
            await self._remove(each)
        await self._put_messages(log, chosen)
        for each in chosen:
            await self._put_plan(each)
        return touched

    def _concerns(self, comparison: Comparison) -> bool:
        pruned = self._prune and not comparison.report.clean
        return bool(
            comparison.absent
            or comparison.altered
            or comparison.doubled
            or pruned
            or _plan_differs(comparison)
        )

    async def _remove(self, comparison: Comparison) -> None:
        wanted = list(comparison.doubled)
        if self._prune:
            wanted += comparison.foreign
            if comparison.told_plan is None and comparison.found_plan is not None and not comparison.absent:
                await self._inspection.delete_plan(comparison.plan_id)
                self.rebuilt.removed += 1
        if wanted:
            self.rebuilt.removed += await self._inspection.delete_messages(wanted)

    async def _put_messages(self, log: PartitionLog, comparisons: list[Comparison]) -> None:
        absent = {log.offset(each.plan_id, seq) for each in comparisons for seq in each.absent}
        altered = {(each.plan_id, seq): found for each in comparisons for seq, found in each.altered.items()}
        done = 0
        async for batch in _batches(log.messages(absent)):
            await self._add(batch)
            done += len(batch)
            self._progress(f"partition {log.number}", f"{done} of {len(absent)} missing messages added")
        async for message in log.messages({log.offset(*place) for place in altered}):
            identity = altered[message["plan_id"], message["seq"]]
            if identity != message["message_id"]:
                await self._inspection.delete_messages([identity])
            self.rebuilt.rewritten += await self._put(message)

    async def _add(self, batch: list[dict[str, Any]]) -> None:
        result = await self._messages.append(batch)
        self.rebuilt.added += result.inserted
        self.rebuilt.refused += len(result.refused)
        if result.duplicates:
            # Another document has the id, or a persister was faster: made equal, whichever it is.
            refused = {each.position for each in result.refused}
            for position, message in enumerate(batch):
                if position not in refused:
                    await self._put(message)
            self.rebuilt.rewritten += result.duplicates

    async def _put(self, message: dict[str, Any]) -> bool:
        try:
            await self._inspection.put_message(message)
        except Invalid:
            self.rebuilt.refused += 1
            return False
        except Duplicate:
            return False  # comparing again tells which document is in the way
        return True

    async def _put_plan(self, comparison: Comparison) -> None:
        if comparison.told_plan is None or not _plan_differs(comparison):
            return
        with suppress(Invalid):
            found = comparison.found_plan
            self.rebuilt.plans_saved += await self._inspection.put_plan(
                comparison.told_plan, instead_of=found
            )


def _plan_differs(comparison: Comparison) -> bool:
    told, found = comparison.told_plan, comparison.found_plan
    return told is not None and (found is None or digest(told) != digest(found))


async def _batches(messages: AsyncIterator[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    async for message in messages:
        batch.append(message)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
