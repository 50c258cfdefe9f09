"""The live end of topics, every partition, without a group. Called by the gateway and the plan service.

Guarantee: from the position at attachment on, each record is handed over once, in order per partition, also
across outages of Kafka.
"""

from collections.abc import Awaitable, Callable, Sequence

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Record

OnRecords = Callable[[list[Record]], Awaitable[None] | None]


class Tail:
    """Hands what is appended to `topics` to `on_records`, a list of one partition's records at a time."""

    def __init__(self, address: BusAddress, topics: Sequence[str], on_records: OnRecords) -> None:
        raise NotImplementedError

    async def start(self, *, wait_seconds: float = 10.0) -> None:
        """Attaches at the end of every partition; after `wait_seconds` it goes on trying in the background."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Ends the tail; `on_records` is not called after this returned."""
        raise NotImplementedError

    @property
    def attached(self) -> bool:
        """Tells whether positions are known."""
        raise NotImplementedError

    def position(self, topic: str, partition: int) -> int:
        """Returns the next offset to be handed to `on_records`; raises Transient before attachment."""
        raise NotImplementedError
