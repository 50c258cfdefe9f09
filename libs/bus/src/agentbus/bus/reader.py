"""Reading a stretch of the log at will, without a group. Called for history, take-over, lookups and taps."""

from collections.abc import AsyncIterator
from datetime import datetime

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Record


class Reader:
    """Reads any range of any partition. Every call raises Transient when Kafka does not answer in time."""

    def __init__(self, address: BusAddress, *, timeout_seconds: float = 10.0) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        """Nothing to wait for: connections are made when needed."""

    async def stop(self) -> None:
        """Closes the connections."""
        raise NotImplementedError

    async def partitions(self, topic: str) -> list[int]:
        """Returns the topic's partitions; raises Invalid when there is no such topic."""
        raise NotImplementedError

    async def partition_for(self, topic: str, key: str) -> int:
        """Returns the partition that holds `key` (Kafka's default partitioner, murmur2)."""
        raise NotImplementedError

    async def begin_offset(self, topic: str, partition: int) -> int:
        """Returns the offset of the first record that is still kept."""
        raise NotImplementedError

    async def end_offset(self, topic: str, partition: int) -> int:
        """Returns the offset that the next record will get."""
        raise NotImplementedError

    async def committed(self, group: str, topic: str, partition: int) -> int:
        """Returns the offset that `group` goes on from; 0 when it never committed."""
        raise NotImplementedError

    async def offset_at(self, topic: str, partition: int, moment: datetime) -> int:
        """Returns the first offset whose record is not older than `moment`; the end when there is none."""
        raise NotImplementedError

    def read(
        self, topic: str, partition: int, start: int, stop: int | None = None, key: str | None = None
    ) -> AsyncIterator[Record]:
        """Yields the records from offset `start` up to, not including, `stop` (None: the end at this call).

        With `key`, only those of that key.
        """
        raise NotImplementedError
