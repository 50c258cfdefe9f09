"""Which plans this runner works on, and how it comes by them and gives them up.

Guarantee: of all runners that believe to own a plan, the log accepts one (see `claims`); the others see that
on the log and stop. Called by the command handlers, the rebalance hooks and the watch on the log.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Invalid, Transient
from agentbus.observability.log import get_logger
from agentbus.observability.tracing import traceparent, within
from agentbus.runner.claims import Candidate, Claims
from agentbus.runner.drafts import Draft
from agentbus.runner.instruments import PLANS_ENDED, PLANS_STARTED, SUPERSEDED, TAKEOVERS
from agentbus.runner.journal import Journal
from agentbus.runner.known_plans import KnownPlans, closed
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
        remembered_plans: int = 1000,
    ) -> None:
        self._messages = messages
        self._records = records
        self._outbox = outbox
        self._clock = clock
        self._run = run
        self._claims = Claims(messages, outbox, clock, created)
        self._known = KnownPlans(remembered_plans)
        self._runs: dict[str, PlanRun] = {}
        self._given_up: dict[asyncio.Task[None], tuple[int, PlanRun]] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def run_of(self, plan_id: str) -> PlanRun | None:
        """Returns the plan's run when it is in flight here."""
        return self._runs.get(plan_id)

    def running(self, partition: int, plan_id: str) -> PlanRun | None:
        """Returns the plan's run; None when it has ended or never started.

        Raises Transient when it is in flight, but not here at this moment: it is being taken over.
        """
        run = self._runs.get(plan_id)
        record = self.record_of(partition, plan_id)
        if run is None and record is not None and record.state == "in_flight":
            raise Transient("the plan is changing hands", code="plan_moving")
        return run

    def record_of(self, partition: int, plan_id: str) -> PlanRecord | None:
        """Returns what is known of a plan; None when it never started, or ended long ago."""
        return self._known.get(partition, plan_id)

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
        lost = set(partitions)
        # First: one that is being given up would take its partition on again.
        given_up = {task: run for task, (partition, run) in self._given_up.items() if partition in lost}
        await _cancelled(given_up)
        runs = [
            run for plan_id in self._known.lose(lost) if (run := self._runs.pop(plan_id, None)) is not None
        ]
        runs += given_up.values()
        await asyncio.gather(*(run.stop() for run in runs))

    async def start(self, partition: int, command: StartPlan, appended_at: datetime) -> bool:
        """Takes a new plan on; returns when its first message is acknowledged.

        One that is known already stays as it is: False. One that ended so long ago that it is forgotten has
        its end on the log, and nothing is done again. Raises Transient when the bus does not answer, Invalid
        when the plan's first message can never be published.
        """
        async with self._locks[partition]:
            known = self.record_of(partition, command.plan_id)
            if known is not None and (known.state == "ended" or command.plan_id in self._runs):
                return False
            record = known or PlanRecord(
                start=command,
                state="in_flight",
                messages_offset=await self._messages.offset_at(partition, appended_at - _CLOCK_SKEW),
                updated_at=format_timestamp(self._clock.now()),
                traceparent=traceparent(),
            )
            await self._write(partition, record)
            position = await self._messages.end(partition)
            journal = await self._journal(partition, record, position)
            await self._claim_and_run(partition, [Candidate(record, journal)], position)
            if self.record_of(partition, command.plan_id) is None:
                raise Invalid("the plan's first message does not fit the bus", code="not_claimable")
            PLANS_STARTED.inc()
            return True

    async def ended_log(self, partition: int, plan_id: str) -> PlanLog | None:
        """Returns the log of a plan that has ended, for what outside clients still say; None if unknown."""
        record = self.record_of(partition, plan_id)
        if record is None:  # it may have ended long ago
            records = [each async for each in self._records.read(partition, plan_id)]
            record = records[-1] if records else None
        if record is None:
            return None
        journal = await self._journal(partition, record, await self._messages.end(partition))
        return self._claims.log_of(Candidate(record, journal))

    def superseded(self, plan_id: str, attempt: int) -> None:
        """Hears from the log that `attempt` of a plan was accepted; gives the plan up when ours is older."""
        run = self._runs.get(plan_id)
        partition = self._partition_of(plan_id)
        if run is None or partition is None or attempt <= run.log.attempt:
            return
        SUPERSEDED.inc()
        log.warning("plan_superseded", plan_id=plan_id, ours=run.log.attempt, theirs=attempt)
        del self._runs[plan_id]
        task = asyncio.create_task(self._give_up(run, partition))
        self._given_up[task] = partition, run
        task.add_done_callback(self._given_up.pop)

    async def close(self) -> None:
        """Stops all plans; they go on where their partitions go."""
        await self.lose({*self._known.partitions(), *(partition for partition, _ in self._given_up.values())})

    async def ended(self, run: PlanRun) -> None:
        """Closes a plan's record once its end is on the log; tries until it worked.

        A run that was cut off may have come to an end that the log did not accept: the plan goes on then.
        """
        plan_id = run.log.start.plan_id
        await run.log.on_the_bus()
        tries = 0
        while (partition := self._partition_of(plan_id)) is not None:
            try:
                if not await self._close(partition, plan_id):
                    self.superseded(plan_id, run.log.attempt + 1)
                    return
            except Transient:
                tries += 1
                await asyncio.sleep(_RETRY.delay(tries))
            else:
                break
        if self._runs.get(plan_id) is run:
            del self._runs[plan_id]
        PLANS_ENDED.inc()

    async def _close(self, partition: int, plan_id: str) -> bool:
        record = self._known.get(partition, plan_id)
        assert record is not None
        journal = await self._journal(partition, record, await self._messages.end(partition))
        if journal.ended:
            await self._write(partition, closed(record, format_timestamp(self._clock.now())))
        return journal.ended

    async def _give_up(self, run: PlanRun, partition: int) -> None:
        """Stops the run. The partition is ours, so whoever took the plan over has lost it: takes it back."""
        await run.stop()
        await self.gain(partition)

    async def _take_over(self, partition: int) -> None:
        known = self._known.empty()
        async for record in self._records.read(partition):
            known.put(record, partition)
        self._known.replace(partition, known)
        waiting = {
            record.start.plan_id: Candidate(record)
            for record in self._known.in_flight(partition)
            if record.start.plan_id not in self._runs
        }
        if not waiting:
            return
        first = min(candidate.record.messages_offset for candidate in waiting.values())
        position = await self._messages.end(partition)
        async for message in self._messages.read(partition, first, position):
            if (candidate := waiting.get(message["plan_id"])) is not None:
                candidate.journal.take(message)
        log.info("take_over", partition=partition, plans=len(waiting))
        await self._claim_and_run(partition, list(waiting.values()), position)
        TAKEOVERS.inc(len(waiting))

    async def _journal(self, partition: int, record: PlanRecord, stop: int) -> Journal:
        journal = Journal()
        plan_id = record.start.plan_id
        async for message in self._messages.read(partition, record.messages_offset, stop, plan_id):
            journal.take(message)
        return journal

    async def _claim_and_run(self, partition: int, candidates: list[Candidate], position: int) -> None:
        for plan_id in await self._claims.make(partition, candidates, position):
            self._known.drop(partition, plan_id)
        for candidate in candidates:
            plan_id = candidate.record.start.plan_id
            if self.record_of(partition, plan_id) is not None:
                run = self._runs[plan_id] = self._run(self._claims.log_of(candidate))
                with within(candidate.record.traceparent):
                    run.begin()

    def _partition_of(self, plan_id: str) -> int | None:
        return self._known.partition_of(plan_id)

    async def _write(self, partition: int, record: PlanRecord) -> None:
        await self._records.write(record)
        self._known.put(record, partition)


async def _cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
