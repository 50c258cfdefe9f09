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

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Handler, Poison
from agentbus.bus.dead_letter import DeadLetterLimits, TooMuchPoison
from agentbus.bus.dead_letters import DeadLetters
from agentbus.bus.handover import Handover, PartitionsHook, ignore
from agentbus.bus.membership import Membership, Terms
from agentbus.bus.outage import Outage
from agentbus.bus.record import TopicPartition
from agentbus.bus.spans import processed
from agentbus.kernel.backoff import Backoff

__all__ = ["Batch", "DeadLetterLimits", "Delivery", "Handler", "PartitionsHook", "Poison"]

DEFAULT_LIMITS: Final = DeadLetterLimits()
DEFAULT_BACKOFF: Final = Backoff()


class Delivery:
    """Delivers `topics` to `handler` as a member of consumer group `group`.

    `handler` returns the poison among the records; it raises Transient to be called again with the same
    batch after a backoff, Fatal to stop everything; for other exceptions see `attempts`. At a rebalance it
    has half of `rebalance_timeout_seconds` to finish, and is cancelled then without a commit.

    `on_assigned` runs before the first batch of newly gained partitions (Transient: tried again),
    `on_revoked` after the last batch of lost ones; a rebalance that leaves a partition here calls neither.

    `span_for_batch`: each call of `handler` is a span; False when it makes one for each record itself.
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
        span_for_batch: bool = True,
    ) -> None:
        self._address = address
        self._terms = Terms(
            topics=tuple(topics),
            group=group,
            handler=processed(handler, group) if span_for_batch else handler,
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
        self._dead_letters = DeadLetters(address, group, backoff)
        self._outage = Outage(f"{group} consumer")
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._running = False
        self._membership: Membership | None = None

    async def run(self) -> None:
        """Delivers until `stop`, across outages of Kafka.

        A partition that passes a dead-letter limit is halted: its records stay where they are until a
        rebalance or a restart gives them to a handler again. Raises Fatal when the handler did, and what
        `on_assigned` raised.
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

    async def unhalted(self) -> None:
        """Raises TooMuchPoison while a partition is halted; a check for the service's health."""
        workers = self._membership.workers.items() if self._membership else ()
        if halted := [
            f"{each.topic} {each.partition}: {worker.halted}" for each, worker in workers if worker.halted
        ]:
            raise TooMuchPoison("halted: " + "; ".join(halted))

    async def _live(self) -> None:
        """One life in the group; returns when it ended by `stop` or by Kafka's failure."""
        membership = Membership(
            self._address, self._terms, self._handover, self._dead_letters.put_aside, self._outage
        )
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
