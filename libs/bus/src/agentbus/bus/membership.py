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
from agentbus.bus.dead_letter import DeadLetterLimits
from agentbus.bus.handover import Handover
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
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
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
        await self._stop_workers()
        self._show(lag_records={})
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
        partitions = to_ours(self._address, assigned)
        gate = self._handover.assigned(partitions)
        for partition in sorted(partitions):
            worker = self._worker(partition)
            self.workers[partition] = worker
            worker.start(gate, self._ended)

    def _worker(self, partition: TopicPartition) -> PartitionWorker:
        return PartitionWorker(
            self._address,
            partition,
            group=self._terms.group,
            consumer=self._consumer,
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

    async def _watch(self) -> None:
        """Notices what went wrong in the group's protocol, and measures.

        Asking for a partition that does not exist also tells aiokafka that this consumer is alive, however
        long the partitions wait to retry.
        """
        while True:
            await self._consumer.getmany(_NOWHERE, timeout_ms=int(_WATCH_SECONDS * 1000))
            self._show(await self._lag_records())

    async def _lag_records(self) -> dict[str, int] | None:
        workers = dict(self.workers)
        partitions = {each: to_kafka(self._address, each) for each in workers}
        if not partitions:
            return {}
        try:
            async with asyncio.timeout(_LAG_SECONDS):
                ends = await self._consumer.end_offsets(list(partitions.values()))
                lag = dict.fromkeys(self._terms.topics, 0)
                for partition, worker in workers.items():
                    name = partitions[partition]
                    done = worker.next_offset
                    if done is None:
                        done = await self._consumer.position(name)
                    lag[partition.topic] += max(0, ends[name] - done)
        except (TimeoutError, KafkaError) as error:
            self._outage.failed(error)
            return None
        self._outage.over()
        return lag

    def _show(self, lag_records: dict[str, int] | None) -> None:
        now = datetime.now(UTC)
        for topic in self._terms.topics:
            labels = (topic, self._terms.group)
            workers = [worker for partition, worker in self.workers.items() if partition.topic == topic]
            ages = [worker.age_seconds(now) for worker in workers]
            instruments.RECORD_AGE_SECONDS.labels(*labels).set(max(ages, default=0.0))
            instruments.PAUSED_PARTITIONS.labels(*labels).set(sum(worker.paused for worker in workers))
            if lag_records is not None:
                instruments.LAG_RECORDS.labels(*labels).set(lag_records.get(topic, 0))


def _consumer(address: BusAddress, terms: Terms) -> AIOKafkaConsumer:
    # aiokafka keeps the sticky assignor's memory in the class: each consumer needs a class of its own.
    sticky = type("Sticky", (StickyPartitionAssignor,), {})
    return AIOKafkaConsumer(
        bootstrap_servers=address.bootstrap,
        client_id=address.client_id,
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
