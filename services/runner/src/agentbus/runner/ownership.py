"""Which plans this runner works on, and how it comes by them and gives them up.

Guarantee: of all runners that believe to own a plan, the log accepts one. A claim is a message with a new
`attempt` that must be the next one on the log (optimistic concurrency: publish, read back, see who was
first); from then on every reader ignores older attempts, and their runners see it on the log and stop.
Called by the command handlers, the rebalance hooks and the watch on the log.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.runner.drafts import Draft
from agentbus.runner.instruments import PLANS_ENDED, PLANS_STARTED, SUPERSEDED, TAKEOVERS
from agentbus.runner.journal import Journal
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.plan_run import PlanRun
from agentbus.runner.ports import MessageOutbox, PlanMessages, PlanRecords

log = get_logger(__name__)
_CLOCK_SKEW: Final = timedelta(seconds=60)
"""How far the clocks of two brokers may be apart: a plan's first message is not sought before that."""
_RETRY: Final = Backoff(first_seconds=0.2, limit_seconds=5.0)


class Ownership:
    """The plans of the partitions that this runner owns."""

    def __init__(
        self,
        *,
        messages: PlanMessages,
        records: PlanRecords,
        outbox: MessageOutbox,
        clock: Clock,
        run: Callable[[PlanLog], PlanRun],
        created: Callable[[StartPlan], Draft],
    ) -> None:
        self._messages = messages
        self._records = records
        self._outbox = outbox
        self._clock = clock
        self._run = run
        self._created = created
        self._known: dict[int, dict[str, PlanRecord]] = {}
        self._runs: dict[str, PlanRun] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def run_of(self, plan_id: str) -> PlanRun | None:
        """Returns the plan's run when it is in flight here."""
        return self._runs.get(plan_id)

    def record_of(self, partition: int, plan_id: str) -> PlanRecord | None:
        """Returns what is known of a plan, in flight or ended; None when it never started."""
        return self._known.get(partition, {}).get(plan_id)

    async def gain(self, partition: int) -> None:
        """Takes a partition on: goes on with every plan of it that is in flight. Tries until it worked."""
        tries = 0
        while True:
            try:
                await self._outbox.drained()
                async with self._locks[partition]:
                    await self._take_over(partition)
            except Transient as error:
                tries += 1
                log.warning("take_over_retried", partition=partition, error=error.message, tries=tries)
                await asyncio.sleep(_RETRY.delay(tries))
            else:
                return

    async def lose(self, partitions: Iterable[int]) -> None:
        """Gives partitions up: their plans stop here and say nothing more."""
        plan_ids = [plan_id for partition in partitions for plan_id in self._known.pop(partition, {})]
        runs = [run for plan_id in plan_ids if (run := self._runs.pop(plan_id, None)) is not None]
        await asyncio.gather(*(run.stop() for run in runs))

    async def start(self, partition: int, command: StartPlan, appended_at: datetime) -> None:
        """Takes a new plan on; returns when its first message is acknowledged.

        One that is known already stays as it is. Raises Transient when the bus does not answer.
        """
        async with self._locks[partition]:
            known = self.record_of(partition, command.plan_id)
            if known is not None and (known.state == "ended" or command.plan_id in self._runs):
                return
            record = known or PlanRecord(
                start=command,
                state="in_flight",
                messages_offset=await self._messages.offset_at(partition, appended_at - _CLOCK_SKEW),
                updated_at=format_timestamp(self._clock.now()),
            )
            await self._write(partition, record)
            position = await self._messages.end(partition)
            journal = await self._journal(partition, record, position)
            await self._claim_and_run(partition, record, journal, position)
            PLANS_STARTED.inc()

    async def ended_log(self, partition: int, plan_id: str) -> PlanLog | None:
        """Returns the log of a plan that has ended, for what outside clients still say; None if unknown."""
        record = self.record_of(partition, plan_id)
        if record is None:
            return None
        journal = await self._journal(partition, record, await self._messages.end(partition))
        return PlanLog(record.start, journal, max(1, journal.sequence.attempt), self._outbox, self._clock)

    def superseded(self, plan_id: str, attempt: int) -> None:
        """Hears from the log that `attempt` of a plan was accepted; gives the plan up when ours is older."""
        run = self._runs.get(plan_id)
        if run is not None and attempt > run.log.attempt:
            SUPERSEDED.inc()
            log.warning("plan_superseded", plan_id=plan_id, ours=run.log.attempt, theirs=attempt)
            task = asyncio.create_task(self._give_up(run))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Stops all plans; they go on where their partitions go."""
        await self.lose(list(self._known))
        for task in list(self._background):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _give_up(self, run: PlanRun) -> None:
        plan_id = run.log.start.plan_id
        if self._runs.get(plan_id) is run:
            del self._runs[plan_id]
        await run.stop()
        partition = await self._messages.partition(plan_id)
        if self.record_of(partition, plan_id) is not None and plan_id not in self._runs:
            # The partition is ours: whoever took the plan over was a runner that has lost it meanwhile.
            await self.gain(partition)

    async def _take_over(self, partition: int) -> None:
        known = {record.start.plan_id: record async for record in self._records.read(partition)}
        self._known[partition] = known
        waiting = {
            plan_id: record
            for plan_id, record in known.items()
            if record.state == "in_flight" and plan_id not in self._runs
        }
        if not waiting:
            return
        journals = {plan_id: Journal() for plan_id in waiting}
        first = min(record.messages_offset for record in waiting.values())
        position = await self._messages.end(partition)
        async for message in self._messages.read(partition, first, position):
            if (journal := journals.get(message["plan_id"])) is not None:
                journal.take(message)
        log.info("take_over", partition=partition, plans=len(waiting))
        for plan_id, record in waiting.items():
            await self._claim_and_run(partition, record, journals[plan_id], position)
            TAKEOVERS.inc()

    async def _journal(self, partition: int, record: PlanRecord, stop: int) -> Journal:
        journal = Journal()
        async for message in self._messages.read(partition, record.messages_offset, stop):
            if message["plan_id"] == record.start.plan_id:
                journal.take(message)
        return journal

    async def _claim_and_run(
        self, partition: int, record: PlanRecord, journal: Journal, position: int
    ) -> None:
        if not journal.ended:
            await self._claim(partition, record.start, journal, position)
        attempt = max(1, journal.sequence.attempt)
        run = self._run(PlanLog(record.start, journal, attempt, self._outbox, self._clock))
        self._runs[record.start.plan_id] = run
        run.begin()

    async def _claim(self, partition: int, start: StartPlan, journal: Journal, position: int) -> None:
        """Publishes the first message of a new attempt until the log accepts it.

        `position` is the offset up to which `journal` knows the log; it knows it up to the claim afterwards.
        """
        while not journal.ended:
            sequence, attempt = journal.sequence, journal.sequence.attempt + 1
            draft = self._created(start) if sequence.last_seq == 0 else _resumed(attempt)
            claim_id = new_id()
            claim = PlanLog(start, journal, attempt, self._outbox, self._clock).compose(
                replace(draft, metadata={**draft.metadata, "claim": claim_id}), sequence.last_seq + 1
            )
            offset = await self._messages.publish(start.plan_id, claim)
            async for message in self._messages.read(partition, position, offset + 1):
                ours = message["plan_id"] == start.plan_id and journal.take(message).accepted
                if ours and message["metadata"].get("claim") == claim_id:
                    return
            position = offset + 1

    async def _write(self, partition: int, record: PlanRecord) -> None:
        await self._records.write(record)
        self._known.setdefault(partition, {})[record.start.plan_id] = record

    async def ended(self, run: PlanRun) -> None:
        """Closes a plan's record once its last message is on the bus; tries until it worked."""
        plan_id = run.log.start.plan_id
        await run.log.on_the_bus()
        tries = 0
        partition = await self._messages.partition(plan_id)
        while (record := self.record_of(partition, plan_id)) is not None:
            try:
                await self._write(partition, _closed(record, format_timestamp(self._clock.now())))
            except Transient:
                tries += 1
                await asyncio.sleep(_RETRY.delay(tries))
            else:
                break
        if self._runs.get(plan_id) is run:
            del self._runs[plan_id]
        PLANS_ENDED.inc()


def _resumed(attempt: int) -> Draft:
    reason = "The runner that worked on the plan is gone or was cut off."
    return Draft("plan_resumed", content=f"The plan goes on (attempt {attempt}).", payload={"reason": reason})


def _closed(record: PlanRecord, now: str) -> PlanRecord:
    """Returns the record of a plan that has ended: kept for good, so without what only its team needed."""
    start = record.start.model_copy(update={"description": record.start.description[:200], "inputs": {}})
    return record.model_copy(update={"start": start, "state": "ended", "updated_at": now})
