"""The log against the message database: each message stored once and equal, each plan what its messages tell.

`verify_plan` and `verify_all` read and change nothing, beside running persisters and runners. A message that
is not stored counts as lost only below the offset that the persister has committed; above it is lag
(`Report.unstored`). `Report.clean` and `Report.differences` are the outcome:

    report = await verify_all(Reader(address), connect(mongo_url, mongo_database))
    assert report.clean, report.differences

Memory: about 300 bytes a message of one partition at a time. Called by `agentbus verify`, by `rebuild.py` and
by the fault campaign.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from itertools import islice
from typing import Final

from agentbus.bus.reader import Reader
from agentbus.cli.letters import Wanted, letters
from agentbus.cli.repair.comparison import Comparison, PutAside, compare
from agentbus.cli.repair.difference import Difference, Kind, Report
from agentbus.cli.repair.partition_log import PartitionLog
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded.progress import Report as Progress
from agentbus.embedded.progress import silent
from agentbus.mongo.client import Database
from agentbus.mongo.inspection import Inspection

PERSISTER: Final = "persister"
_AT_ONCE: Final = 4


async def verify_plan(
    reader: Reader, database: Database, plan_id: str, *, progress: Progress = silent
) -> Report:
    """Compares one plan. Reads the plan's whole partition.

    Raises Transient when Kafka or the database is away, Invalid when Kafka has no such topics.
    """
    comparing = Comparing(reader, database, progress)
    return await comparing.sum(comparing.plans([plan_id]))


async def verify_all(reader: Reader, database: Database, *, progress: Progress = silent) -> Report:
    """Compares every plan of the log, and what is stored of others. Raises as `verify_plan`."""
    comparing = Comparing(reader, database, progress)
    return await comparing.sum(comparing.everything())


Compared = AsyncIterator[tuple[PartitionLog, list[Comparison]]]


class Comparing:
    """One pass over log and database. `rest` is, at its end, what belongs to no plan's comparison."""

    def __init__(self, reader: Reader, database: Database, progress: Progress) -> None:
        self._reader = reader
        self._inspection = Inspection(database)
        self._progress = progress
        self._settled: dict[int, int] = {}
        self._aside: dict[int, dict[int, PutAside]] = defaultdict(dict)
        self.rest = Report()

    async def sum(self, compared: Compared) -> Report:
        """Returns what a whole pass found."""
        report = Report()
        async for _, comparisons in compared:
            for each in comparisons:
                report += each.report
        report += self.rest
        return report

    async def everything(self) -> Compared:
        """Yields, partition by partition, every plan of the log, and then every other that is stored."""
        seen: set[str] = set()
        for partition in await self._reader.partitions(MESSAGES):
            log = await self._read(partition)
            yield log, await self._compare(log, log.plans)
            self._account(log)
            seen.update(log.plans)
        others: dict[str, None] = {}
        async for plan_id in self._inspection.plan_ids():
            if plan_id not in seen:
                others[plan_id] = None
        async for each in self.plans(others, account=False):
            yield each

    async def plans(self, plan_ids: Collection[str], *, account: bool = True) -> Compared:
        """Yields, partition by partition, these plans, whether or not the log has them.

        With `account`, also sees to those of their records that hold no message.
        """
        by_partition: dict[int, list[str]] = defaultdict(list)
        for plan_id in plan_ids:
            by_partition[await self._reader.partition_for(MESSAGES, plan_id)].append(plan_id)
        for partition, here in by_partition.items():
            log = await self._read(partition, frozenset(here))
            yield log, await self._compare(log, here)
            if account:
                self._account(log)

    async def _read(self, partition: int, only: frozenset[str] | None = None) -> PartitionLog:
        await self._begin()
        log = await PartitionLog.at(self._reader, partition, self._settled[partition], only)
        await log.read_on(self._progress)
        return log

    async def _begin(self) -> None:
        """Notes, once, what the persister had committed: all that must be found, stored or put aside."""
        if self._settled:
            return
        for partition in await self._reader.partitions(MESSAGES):
            self._settled[partition] = await self._reader.committed(PERSISTER, MESSAGES, partition)
        async for found in letters(self._reader, Wanted(topic=MESSAGES, group=PERSISTER)):
            letter = PutAside(found.place, found.record.key, waits=found.replayed is None)
            self._aside[found.letter.partition][found.letter.offset] = letter

    async def _compare(self, log: PartitionLog, plan_ids: Collection[str]) -> list[Comparison]:
        name, aside = f"partition {log.number}", self._aside[log.number]
        compared: list[Comparison] = []
        for plans in _chunks(plan_ids, _AT_ONCE):
            tries = (compare(log, self._inspection, plan_id, aside) for plan_id in plans)
            compared += await asyncio.gather(*tries)
            self._progress(name, f"{len(compared)} of {len(plan_ids)} plans compared")
        self._progress(name, f"{len(compared)} plans compared", done=True)
        return compared

    def _account(self, log: PartitionLog) -> None:
        """Every record without a message must be among the dead letters, once the persister is past it."""
        aside = self._aside[log.number]
        self.rest.dead_letters += sum(letter.waits for letter in aside.values() if log.covers(letter.key))
        for offset, key in log.unreadable:
            if offset < log.settled and offset not in aside:
                detail = f"{MESSAGES}:{log.number}:{offset} holds no message, and is in no dead letter"
                self.rest.differences.append(Difference(Kind.UNACCOUNTED, key, detail=detail))


def _chunks(plan_ids: Collection[str], size: int) -> Iterator[Sequence[str]]:
    remaining = iter(list(plan_ids))
    while chunk := list(islice(remaining, size)):
        yield chunk
