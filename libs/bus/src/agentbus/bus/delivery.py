"""A consumer group that neither loses nor blocks.

Guarantees: a batch holds records of one partition, in offset order; its offset is committed after the
handler returned, so every record is handled at least once; partitions run beside each other, one batch at a
time each; a Transient error retries that partition for ever and stops no other; poison goes to the dead
letter, bytes and reason, before its offset is committed. Called by the services that own a consumer group.
Heartbeats share the event loop: work that computes for long belongs into a thread or process.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from agentbus.bus import instruments
from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Handler, Poison
from agentbus.bus.dead_letter import DeadLetterLimits, dead_letter
from agentbus.bus.handover import Handover, PartitionsHook, ignore
from agentbus.bus.membership import Membership, Terms
from agentbus.bus.outage import Outage
from agentbus.bus.producer import Producer
from agentbus.bus.record import TopicPartition
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger

__all__ = ["Batch", "DeadLetterLimits", "Delivery", "Handler", "PartitionsHook", "Poison"]

DEFAULT_LIMITS: Final = DeadLetterLimits()
DEFAULT_BACKOFF: Final = Backoff()
_LOG = get_logger("agentbus.bus.delivery")


class Delivery:
    """Delivers `topics` to `handler` as a member of consumer group `group`.

    `handler` returns the poison among the records; it raises Transient to be called again with the same
    batch after a backoff, Fatal to stop everything; for other exceptions see `attempts`. At a rebalance it
    has half of `rebalance_timeout_seconds` to finish, and is cancelled then without a commit.

    `on_assigned` runs before the first batch of newly gained partitions (Transient: tried again),
    `on_revoked` after the last batch of lost ones; a rebalance that leaves a partition here calls neither.
    """

    def __init__(
        self,
        address: BusAddress,
        *,
        topics: Sequence[str],
        group: str,
        handler: Handler,
        max_batch_records: int = 1000,
        on_assigned: PartitionsHook | None = None,
        on_revoked: PartitionsHook | None = None,
        limits: DeadLetterLimits = DEFAULT_LIMITS,
        backoff: Backoff = DEFAULT_BACKOFF,
        session_timeout_seconds: float = 10.0,
        rebalance_timeout_seconds: float = 30.0,
    ) -> None:
        self._address = address
        self._terms = Terms(
            topics=tuple(topics),
            group=group,
            handler=handler,
            limits=limits,
            backoff=backoff,
            max_batch_records=max_batch_records,
            session_timeout_seconds=session_timeout_seconds,
            rebalance_timeout_seconds=rebalance_timeout_seconds,
        )
        self._handover = Handover(
            on_assigned or ignore,
            on_revoked or ignore,
            backoff=backoff,
            patience_seconds=session_timeout_seconds,
        )
        self._dead_letters = Producer(address)
        self._outage = Outage(f"{group} consumer")
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._running = False
        self._membership: Membership | None = None

    async def run(self) -> None:
        """Delivers until `stop`, across outages of Kafka.

        Raises Fatal when the handler did or a dead-letter limit is passed, and what `on_assigned` raised.
        """
        self._running = True
        try:
            while not self._stopping.is_set():
                await self._live()
        finally:
            await self._handover.close()
            await self._dead_letters.stop()
            self._stopped.set()

    async def stop(self) -> None:
        """Lets running batches finish and commit, for a bounded time, and leaves the group."""
        self._stopping.set()
        if self._running:
            await self._stopped.wait()

    def assigned(self) -> frozenset[TopicPartition]:
        """Returns the partitions that this member works now; empty while it is not in the group."""
        return frozenset(self._membership.workers if self._membership else ())

    async def _live(self) -> None:
        """One life in the group; returns when it ended by `stop` or by Kafka's failure."""
        membership = Membership(self._address, self._terms, self._handover, self._put_aside, self._outage)
        self._membership = membership
        life = asyncio.create_task(membership.run())
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([life, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            life.cancel()
            await asyncio.wait([life, stop])
            await membership.close()
        try:
            if not life.cancelled():
                life.result()
        except (KafkaError, OSError) as error:
            self._handover.suspended()
            await self._pause(self._outage.failed(error))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _put_aside(self, poison: Sequence[Poison]) -> None:
        """Writes dead letters, however long it takes: only then may the batch be committed."""
        letters = [dead_letter(each, self._terms.group) for each in poison]
        attempt = 0
        while True:
            try:
                await self._dead_letters.send_all(letters, timeout_seconds=10.0)
                break
            except Transient as error:
                attempt += 1
                _LOG.warning("dead_letter_retried", records=len(letters), error=repr(error))
                await asyncio.sleep(self._terms.backoff.delay(attempt))
        for each in poison:
            _LOG.error(
                "dead_lettered",
                topic=each.record.topic,
                partition=each.record.partition,
                offset=each.record.offset,
                code=each.code,
                reason=each.reason[:2000],
            )
            labels = (each.record.topic, self._terms.group, each.code)
            instruments.DEAD_LETTERED.labels(*labels).inc()
