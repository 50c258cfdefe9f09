"""One life in a consumer group: join, work the assigned partitions, leave. Part of `delivery`."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener  # type: ignore[import-untyped]
from aiokafka.coordinator.assignors.sticky.sticky_assignor import (  # type: ignore[import-untyped]
    StickyPartitionAssignor,
)
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition  # type: ignore[import-untyped]

from agentbus.bus import instruments
from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Handler
from agentbus.bus.commits import Commits
from agentbus.bus.dead_letter import DeadLetterLimits
from agentbus.bus.handover import Handover
from agentbus.bus.handshake import let_handshake_end
from agentbus.bus.intake import Intake
from agentbus.bus.kafka_names import to_kafka, to_ours
from agentbus.bus.outage import Outage
from agentbus.bus.quiet import quieten
from agentbus.bus.record import TopicPartition
from agentbus.bus.worker import PartitionWorker, PutAside
from agentbus.kernel.backoff import Backoff

_WATCH_SECONDS: Final = 1.0
_LAG_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 10.0
_NOWHERE: Final = KafkaPartition("", 0)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a member of a group agrees to; see `delivery.Delivery`."""

    topics: Sequence[str]
    group: str
    handler: Handler
    limits: DeadLetterLimits
    backoff: Backoff
    max_batch_records: int
    session_timeout_seconds: float
    rebalance_timeout_seconds: float


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member of the group: a worker for each partition that it owns."""

    def __init__(
        self, address: BusAddress, terms: Terms, handover: Handover, put_aside: PutAside, outage: Outage
    ) -> None:
        self._address = address
        quieten()
        self._terms = terms
        self._handover = handover
        self._put_aside = put_aside
        self._outage = outage
        self._consumer = _consumer(address, terms)
        self._commits = Commits(self._consumer)
        self._taking_in: asyncio.Task[None] | None = None
        self._ends: dict[TopicPartition, int] = {}
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closing = False
        self.workers: dict[TopicPartition, PartitionWorker] = {}

    async def run(self) -> None:
        """Joins and works. Returns never; raises KafkaError to be joined anew, or what a worker raised."""
        names = [self._address.topic(topic) for topic in self._terms.topics]
        self._consumer.subscribe(names, listener=self)
        await self._consumer.start()
        self._outage.over()
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait([watch, self._failure], return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
            await asyncio.wait([watch])
        await (self._failure if self._failure.done() else watch)

    async def close(self) -> None:
        """Lets running batches finish and commit, for a bounded time, and leaves the group."""
        self._closing = True
        await self._stop_workers()
        self._show()
        if self._failure.done():
            self._failure.exception()
        with contextlib.suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(self._consumer.stop(), _CLOSE_SECONDS)

    async def on_partitions_revoked(self, revoked: set[KafkaPartition]) -> None:  # noqa: ARG002  always all
        """Called by aiokafka before it joins again: until this returns, commits still count."""
        await self._stop_workers()
        self._handover.suspended()

    async def on_partitions_assigned(self, assigned: set[KafkaPartition]) -> None:
        """Called by aiokafka after it joined; must return at once, see `handover`."""
        if self._closing:  # it ends the join that was under way before it leaves
            return
        partitions = to_ours(self._address, assigned)
        gate = self._handover.assigned(partitions)
        self._commits = Commits(self._consumer)
        intake = Intake(self._consumer, assigned)
        self._taking_in = asyncio.create_task(intake.run())
        self._taking_in.add_done_callback(self._ended)
        for partition in sorted(partitions):
            worker = self._worker(partition, intake)
            self.workers[partition] = worker
            worker.start(gate, self._ended)

    def _worker(self, partition: TopicPartition, intake: Intake) -> PartitionWorker:
        return PartitionWorker(
            self._address,
            partition,
            group=self._terms.group,
            intake=intake,
            commits=self._commits,
            on_progress=self._show,
            handler=self._terms.handler,
            put_aside=self._put_aside,
            limits=self._terms.limits,
            backoff=self._terms.backoff,
            max_batch_records=self._terms.max_batch_records,
        )

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)

    async def _stop_workers(self) -> None:
        # Half of the time that the group waits for us; the rest is for joining again.
        within_seconds = self._terms.rebalance_timeout_seconds / 2
        workers, self.workers = self.workers, {}
        await asyncio.gather(*(worker.stop(within_seconds) for worker in workers.values()))
        self._commits.close()
        if self._taking_in is not None:
            self._taking_in.cancel()
            await asyncio.wait([self._taking_in])

    async def _watch(self) -> None:
        """Notices what went wrong in the group's protocol, and measures.

        Asking for a partition that does not exist also tells aiokafka that this consumer is alive, however
        long the partitions wait to retry.
        """
        while True:
            await self._consumer.getmany(_NOWHERE, timeout_ms=int(_WATCH_SECONDS * 1000))
            await self._look_ahead()
            self._show()

    async def _look_ahead(self) -> None:
        """Learns where the partitions end, and where the workers that have handled nothing yet begin."""
        workers = dict(self.workers)
        names = {partition: to_kafka(self._address, partition) for partition in workers}
        try:
            async with asyncio.timeout(_LAG_SECONDS):
                ends = await self._consumer.end_offsets(list(names.values()))
                for partition, worker in workers.items():
                    if worker.next_offset is None:
                        position = await self._consumer.position(names[partition])
                        if worker.next_offset is None:
                            worker.next_offset = position
        except (TimeoutError, KafkaError) as error:
            self._outage.failed(error)
        else:
            self._ends = {partition: ends[name] for partition, name in names.items()}
            self._outage.over()

    def _show(self) -> None:
        now = datetime.now(UTC)
        for topic in self._terms.topics:
            labels = (topic, self._terms.group)
            workers = {each: worker for each, worker in self.workers.items() if each.topic == topic}
            ages = [worker.age_seconds(now) for worker in workers.values()]
            lag = [worker.lag_records(self._ends.get(each, 0)) for each, worker in workers.items()]
            instruments.LAG_RECORDS.labels(*labels).set(sum(lag))
            instruments.RECORD_AGE_SECONDS.labels(*labels).set(max(ages, default=0.0))
            instruments.PAUSED_PARTITIONS.labels(*labels).set(sum(each.paused for each in workers.values()))
            instruments.HALTED_PARTITIONS.labels(*labels).set(
                sum(bool(each.halted) for each in workers.values())
            )


def _consumer(address: BusAddress, terms: Terms) -> AIOKafkaConsumer:
    # aiokafka keeps the sticky assignor's memory in the class: each consumer needs a class of its own.
    sticky = type("Sticky", (StickyPartitionAssignor,), {})
    consumer = AIOKafkaConsumer(
        **address.connection(),
        group_id=address.group(terms.group),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        partition_assignment_strategy=(sticky,),
        session_timeout_ms=int(terms.session_timeout_seconds * 1000),
        heartbeat_interval_ms=int(terms.session_timeout_seconds * 1000 / 4),
        rebalance_timeout_ms=int(terms.rebalance_timeout_seconds * 1000),
        request_timeout_ms=int(terms.rebalance_timeout_seconds * 1000) + 10_000,
        fetch_max_wait_ms=250,
    )
    let_handshake_end(consumer._client)
    return consumer
