"""The edge to the bus: `agent.messages` → `handlers.store`, with its figures and failure log (A5.2).

Built in `app.py`, called by `agentbus.bus.delivery`, which retries on Transient and commits on return.
"""

import asyncio
from collections.abc import Sequence

from agentbus.bus.batch import Batch, Poison
from agentbus.bus.record import Record, TopicPartition
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.observability.metrics import observe
from agentbus.persister import instruments
from agentbus.persister.handlers import Stored, store
from agentbus.persister.known_plans import KnownPlans
from agentbus.persister.ports import MessageLog, PlanBook
from agentbus.persister.success import Outages, SuccessWindow
from agentbus.plan.sequence import Verdict

_log = get_logger(__name__)
_PLANS_IN_A_LINE = 20


class MessageSubscriber:
    """Stores what the bus delivers; batches of different partitions may run at once."""

    def __init__(
        self,
        messages: MessageLog,
        plans: PlanBook,
        *,
        known: KnownPlans,
        success: SuccessWindow,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._plans = plans
        self._known = known
        self._success = success
        self._clock = clock
        self._outages = Outages(clock)
        self._preparing = asyncio.Lock()
        self._prepared = False

    async def handle(self, batch: Batch) -> Sequence[Poison]:
        """Stores the batch and returns its poison; raises Transient while the database is away."""
        started = self._clock.monotonic()
        try:
            await self._prepare()
            stored = await store(batch, messages=self._messages, plans=self._plans, known=self._known)
        except Transient as error:
            self._report_failure(batch, error)
            raise
        observe(instruments.BATCH_SECONDS, self._clock.monotonic() - started)
        self._report(batch, stored)
        return stored.poison

    async def on_revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Forgets the partitions' plans: another instance saves them from now on."""
        for lost in partitions:
            self._known.forget(lost.partition)
            self._outages.ended(lost.partition)

    async def _prepare(self) -> None:
        async with self._preparing:
            if not self._prepared:
                await self._messages.ensure_indexes()
                await self._plans.ensure_indexes()
                self._prepared = True

    def _report_failure(self, batch: Batch, error: Transient) -> None:
        records = len(batch.records)
        outage = self._outages.failed(batch.partition)
        self._success.add(failed=records)
        instruments.FAILED.labels(error.code).inc(records)
        if outage.worth_a_line:
            _log.error(
                "saving failed, will be tried again",
                **_where(batch),
                code=error.code,
                error=error.message,
                cause=repr(error.__cause__),
                tries=outage.tries,
                outage_seconds=round(self._outages.seconds(outage), 3),
            )

    def _report(self, batch: Batch, stored: Stored) -> None:
        self._report_recovery(batch)
        self._success.add(saved=len(batch.records))
        instruments.BATCH_RECORDS.observe(len(batch.records))
        instruments.SAVED.inc(stored.result.inserted)
        instruments.DUPLICATES.inc(stored.result.duplicates)
        instruments.STALE.inc(stored.verdicts[Verdict.STALE])
        instruments.GAPS.inc(stored.verdicts[Verdict.GAP])
        instruments.UNREAD.inc(len(stored.unread))
        instruments.PLANS_SAVED.inc(stored.plans_saved)
        self._observe_age(batch.records)
        for poison in stored.poison:
            instruments.POISON.labels(poison.code).inc()
        if stored.verdicts[Verdict.GAP]:
            _log.warning("the log skips numbers", **_where(batch), gaps=stored.verdicts[Verdict.GAP])
        for plan_id, code in stored.unsaved:
            _log.error("the database refused the state of a plan", plan_id=plan_id, code=code)
        for item in stored.unread:
            _log.error(
                "stored, but its payload does not fit its type, so the plan does not show it",
                offset=item.record.offset,
                **{key: item.message[key] for key in ("plan_id", "seq", "type", "message_id")},
            )

    def _report_recovery(self, batch: Batch) -> None:
        outage = self._outages.ended(batch.partition)
        if outage is not None:
            instruments.RETRIED.inc(len(batch.records))
            seconds = round(self._outages.seconds(outage), 3)
            _log.info("saving works again", **_where(batch), tries=outage.tries, outage_seconds=seconds)

    def _observe_age(self, records: Sequence[Record]) -> None:
        now = self._clock.now()
        for record in records:
            instruments.AGE.observe(max(0.0, (now - record.appended_at).total_seconds()))


def _where(batch: Batch) -> dict[str, object]:
    plans = list(dict.fromkeys(record.key for record in batch.records))
    return {
        "topic": batch.topic,
        "partition": batch.partition,
        "first_offset": batch.records[0].offset,
        "last_offset": batch.records[-1].offset,
        "records": len(batch.records),
        "plans": plans[:_PLANS_IN_A_LINE],
        "plans_total": len(plans),
    }
