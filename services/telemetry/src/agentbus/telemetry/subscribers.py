"""The edge to the bus: group `telemetry` on `agent.messages`, a ledger for each partition held here.

Guarantee: while this process lives, a record changes its figures once, however often the broker delivers it.
"""

from collections.abc import Callable, Sequence

from agentbus.bus.address import BusAddress
from agentbus.bus.delivery import Batch, Delivery, Poison
from agentbus.bus.reader import Reader
from agentbus.bus.record import TopicPartition
from agentbus.contracts.topics import MESSAGES
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.observability.tracing import span
from agentbus.telemetry.handlers import count
from agentbus.telemetry.model import Ledger
from agentbus.telemetry.restoration import GROUP, restore

_log = get_logger(__name__)


class Subscriber:
    """Holds the ledgers of the partitions that this instance owns."""

    def __init__(self, reader: Reader, new_ledger: Callable[[], Ledger]) -> None:
        self._reader = reader
        self._new_ledger = new_ledger
        self._ledgers: dict[int, Ledger] = {}
        self._counted_up_to: dict[int, int] = {}

    async def assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """Restores what is in flight on new partitions; what cannot be read now waits for the first batch."""
        for _, partition in partitions:
            try:
                await self._ledger(partition)
            except Transient as error:
                _log.warning("restoring later", partition=partition, reason=error.message)

    async def handle(self, batch: Batch) -> Sequence[Poison]:
        """Counts a batch. Raises Transient while its partition cannot be restored."""
        with span("telemetry count", kind="consumer", partition=batch.partition, records=len(batch.records)):
            ledger = await self._ledger(batch.partition)
            before = self._counted_up_to.get(batch.partition, 0)
            poison = count(batch, ledger, before)
            self._counted_up_to[batch.partition] = max(before, batch.records[-1].offset + 1)
            return poison

    async def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Gives up what is in flight on partitions that another instance counts from now on."""
        for _, partition in partitions:
            ledger = self._ledgers.pop(partition, None)
            if ledger is not None:
                ledger.clear()

    async def _ledger(self, partition: int) -> Ledger:
        known = self._ledgers.get(partition)
        if known is not None:
            return known
        ledger = self._new_ledger()
        try:
            await restore(self._reader, partition, ledger)
        except BaseException:
            ledger.clear()
            raise
        self._ledgers[partition] = ledger
        return ledger


def deliver(address: BusAddress, subscriber: Subscriber) -> Delivery:
    """Returns the delivery of the messages to `subscriber`, not running yet."""
    return Delivery(
        address,
        topics=[MESSAGES],
        group=GROUP,
        handler=subscriber.handle,
        on_assigned=subscriber.assigned,
        on_revoked=subscriber.revoked,
    )
