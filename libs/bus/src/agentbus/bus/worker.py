"""One partition's worker: fetch, handle, put poison aside, commit; then the next batch. Part of `delivery`.

At most one batch is in hand, and a bounded number of bytes waits in `intake`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from aiokafka.errors import CommitFailedError, IllegalStateError  # type: ignore[import-untyped]

from agentbus.bus import instruments
from agentbus.bus.address import BusAddress
from agentbus.bus.attempts import Attempts, worth_logging
from agentbus.bus.batch import Batch, Handler, Poison
from agentbus.bus.commits import Commits
from agentbus.bus.dead_letter import DeadLetterLimits, PoisonCount, TooMuchPoison
from agentbus.bus.intake import Intake
from agentbus.bus.kafka_names import to_kafka, to_records
from agentbus.bus.record import TopicPartition
from agentbus.bus.replay import was_put_back
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger

_LOG = get_logger("agentbus.bus.delivery")

PutAside = Callable[[Sequence[Poison]], Awaitable[None]]


class PartitionWorker:
    """Works through one partition until asked to stop; never commits after `stop` returned."""

    def __init__(
        self,
        address: BusAddress,
        partition: TopicPartition,
        *,
        group: str,
        intake: Intake,
        commits: Commits,
        on_progress: Callable[[], None],
        handler: Handler,
        put_aside: PutAside,
        limits: DeadLetterLimits,
        backoff: Backoff,
        max_batch_records: int,
    ) -> None:
        self._address = address
        self._partition = partition
        self._kafka_partition = to_kafka(address, partition)
        self._labels = (partition.topic, group)
        self._intake = intake
        self._commits = commits
        self._on_progress = on_progress
        self._attempts = Attempts(handler, self._wait, backoff)
        self._put_aside = put_aside
        self._count = PoisonCount(limits)
        self._max_batch_records = max_batch_records
        self._in_hand: Batch | None = None
        self._interruptible = True
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self.paused = False
        self.halted = ""
        self.next_offset: int | None = None

    def start(self, gate: asyncio.Task[None], on_end: Callable[[asyncio.Task[None]], None]) -> None:
        """Begins once `gate` is through; `on_end` hears how it ended."""
        self._task = asyncio.create_task(self._run(gate))
        self._task.add_done_callback(on_end)

    async def stop(self, within_seconds: float) -> None:
        """Lets the running handler finish and commit for that long, then cancels it without a commit."""
        self._stopping = True
        if self._task is None:
            return
        if self._interruptible:
            self._task.cancel()
        done, _ = await asyncio.wait([self._task], timeout=within_seconds)
        if not done:
            _LOG.warning(
                "handler_abandoned", partition=self._partition.partition, topic=self._partition.topic
            )
            self._task.cancel()
            await asyncio.wait([self._task], timeout=within_seconds)

    def age_seconds(self, now: datetime) -> float:
        """Returns the age of the oldest record in hand, 0 when there is none."""
        if self._in_hand is None:
            return 0.0
        return max(0.0, (now - self._in_hand.records[0].appended_at).total_seconds())

    def lag_records(self, end: int) -> int:
        """Returns how many records below offset `end` are not committed, 0 while that is not known."""
        return 0 if self.next_offset is None else max(0, end - self.next_offset)

    async def _run(self, gate: asyncio.Task[None]) -> None:
        await asyncio.shield(gate)  # shared by all workers: one that stops must not stop it
        while not self._stopping:
            raw = await self._intake.take(self._kafka_partition, self._max_batch_records)
            self.next_offset = raw[0].offset
            records = to_records(self._partition.topic, raw)
            batch = Batch(self._partition.topic, self._partition.partition, records)
            try:
                if not await self._work(batch):
                    return
            except TooMuchPoison as error:
                await self._halt(error)

    async def _halt(self, error: TooMuchPoison) -> None:
        """Waits to be stopped. Nothing is put aside or committed: the next owner gets the batch again."""
        _LOG.error(
            "partition_halted",
            topic=self._partition.topic,
            partition=self._partition.partition,
            offset=self.next_offset,
            error=error.message,
        )
        self.halted = error.message
        await asyncio.get_running_loop().create_future()

    async def _work(self, batch: Batch) -> bool:
        """Handles and commits; returns False when the partition is no longer ours."""
        began = time.monotonic()
        self._in_hand, self._interruptible = batch, False
        try:
            poison = await self._attempts.handle(batch)
            if poison:
                poisoned = {each.record.offset for each in poison}
                self._count.add([record.offset in poisoned for record in batch.records])
                await self._put_aside(poison)
            else:
                self._count.add([False] * len(batch.records))
            if not await self._commit(batch.records[-1].offset + 1):
                return False
        finally:
            self._in_hand, self._interruptible = None, True
        self._on_progress()
        instruments.BATCH_RECORDS.labels(*self._labels).observe(len(batch.records))
        instruments.BATCH_SECONDS.labels(*self._labels).observe(time.monotonic() - began)
        instruments.CONSUMED.labels(*self._labels).inc(len(batch.records))
        if replayed := sum(map(was_put_back, batch.records)):
            instruments.REPLAYED.labels(*self._labels).inc(replayed)
        return True

    async def _commit(self, offset: int) -> bool:
        try:
            await self._commits.commit(self._kafka_partition, offset)
        except (CommitFailedError, IllegalStateError) as error:
            # Another member owns it by now and handles these records again.
            _LOG.info("commit_refused", topic=self._partition.topic, offset=offset, error=str(error))
            return False
        self.next_offset = offset
        return True

    async def _wait(self, batch: Batch, error: Exception, attempt: int, seconds: float) -> None:
        instruments.RETRIED.labels(*self._labels).inc()
        if worth_logging(attempt):
            _LOG.warning(
                "batch_retried",
                topic=batch.topic,
                partition=batch.partition,
                first_offset=batch.records[0].offset,
                records=len(batch.records),
                error=repr(error),
                attempt=attempt,
                wait_seconds=round(seconds, 3),
                age_seconds=round(self.age_seconds(datetime.now(UTC)), 3),
                cause=repr(error.__cause__),
                exc_info=error if attempt == 1 and not isinstance(error, Transient) else None,
            )
        if self._stopping:
            raise asyncio.CancelledError
        self.paused, self._interruptible = True, True
        try:
            await asyncio.sleep(seconds)
        finally:
            self.paused, self._interruptible = False, False
