"""A consumer group that neither loses nor blocks.

Guarantees: a batch holds records of one partition, in offset order; its offset is committed after the
handler returned, so every record is handled at least once; partitions run beside each other, one batch at a
time each; a Transient error retries that partition for ever and stops no other; poison goes to the dead
letter, bytes and reason, before its offset is committed. Called by the services that own a consumer group.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Record, TopicPartition


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition, never empty."""

    topic: str
    partition: int
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that can never be handled, and why."""

    record: Record
    code: str
    reason: str


@dataclass(frozen=True)
class DeadLetterLimits:
    """How much poison a partition may give before the consumer stops instead of draining the topic."""

    consecutive: int = 100
    ratio: float = 0.5
    window_records: int = 1000


Handler = Callable[[Batch], Awaitable[Sequence[Poison]]]
PartitionsHook = Callable[[Sequence[TopicPartition]], Awaitable[None]]


class Delivery:
    """Delivers `topics` to `handler` as a member of consumer group `group`.

    `handler` returns the poison among the records; it raises Transient to be called again with the same
    batch after a backoff, Fatal to stop everything. Any other exception: three more tries, then record by
    record, and the one that still raises is dead-lettered with its stack.
    `on_assigned` runs before the first batch of newly gained partitions, `on_revoked` after the last batch of
    lost ones; a rebalance that leaves a partition here calls neither.
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
        limits: DeadLetterLimits = DeadLetterLimits(),
        session_timeout_seconds: float = 10.0,
        rebalance_timeout_seconds: float = 30.0,
    ) -> None:
        raise NotImplementedError

    async def run(self) -> None:
        """Delivers until `stop`. Raises Fatal when the handler did or a dead-letter limit is passed."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Lets running batches finish and commit, for a bounded time, and leaves the group."""
        raise NotImplementedError

    def assigned(self) -> frozenset[TopicPartition]:
        """Returns the partitions that this member owns now; empty while it is not in the group."""
        raise NotImplementedError
