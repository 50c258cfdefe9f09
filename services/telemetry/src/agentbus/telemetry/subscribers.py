"""The edge to the bus: group `telemetry` on `agent.messages`, a ledger for each partition held here.

Guarantee: while this process lives, a record changes its figures once, however often the broker delivers it.
"""

from collections.abc import Callable, Sequence

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.delivery import DeadLetterLimits, Delivery
from agentbus.bus.reader import Reader
from agentbus.bus.record import TopicPartition
from agentbus.contracts.topics import MESSAGES
from agentbus.observability.tracing import parent_in, span
from agentbus.telemetry.handlers import count
from agentbus.telemetry.model import Ledger
from agentbus.telemetry.restoration import GROUP, restore


class Subscriber:
    """Holds the ledgers of the partitions that this instance owns."""

    def __init__(self, reader: Reader, new_ledger: Callable[[], Ledger]) -> None:
        self._reader = reader
        self._new_ledger = new_ledger
        self._ledgers: dict[int, Ledger] = {}
        self._counted_up_to: dict[int, int] = {}

    async def assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """Restores what is in flight on new partitions. Raises Transient when Kafka does not answer."""
        for _, partition in partitions:
            if partition not in self._ledgers:
                self._ledgers[partition] = await self._restored(partition)

    async def handle(self, batch: Batch) -> Sequence[Poison]:
        """Counts a batch of a partition that was assigned before."""
        links = (parent_in(record.headers) for record in batch.records)
        number = len(batch.records)
        with span("telemetry count", "consumer", links=links, partition=batch.partition, records=number):
            before = self._counted_up_to.get(batch.partition, 0)
            poison = count(batch, self._ledgers[batch.partition], before)
            self._counted_up_to[batch.partition] = max(before, batch.records[-1].offset + 1)
            return poison

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Gives up what is in flight on partitions that another instance counts from now on."""
        for _, partition in partitions:
            ledger = self._ledgers.pop(partition, None)
            if ledger is not None:
                ledger.clear()

    async def _restored(self, partition: int) -> Ledger:
        ledger = self._new_ledger()
        try:
            await restore(self._reader, partition, ledger)
        except BaseException:
            ledger.clear()
            raise
        return ledger


def deliver(address: BusAddress, subscriber: Subscriber, limits: DeadLetterLimits) -> Delivery:
    """Returns the delivery of the messages to `subscriber`, not running yet."""
    return Delivery(
        address,
        topics=[MESSAGES],
        group=GROUP,
        handler=subscriber.handle,
        on_assigned=subscriber.assigned,
        on_revoked=subscriber.revoked,
        limits=limits,
    )
