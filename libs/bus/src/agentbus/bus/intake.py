"""What is fetched and waits for its partition's worker. Part of `delivery`.

aiokafka sends a broker no fetch while records that came from it wait to be asked for (up to 100 ms): one
busy worker would hold up every partition. So records are taken out as they come, whoever is busy, up to a
limit for each partition. Beyond it, a partition is not asked for and aiokafka fetches nothing for it.
`consumer.pause` is no help there: it drops what is fetched, and after `resume` waits for another's long poll.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from typing import Final

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from aiokafka.structs import ConsumerRecord  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition

_POLL_MILLISECONDS: Final = 1000
_WAITING_BYTES: Final = 1024 * 1024
"""As much as one fetch brings of a partition; with what that fetch adds, at most twice this waits."""

_RECORD_BYTES: Final = 100


class Intake:
    """The records of one assignment; gone with it, as the next one begins at what was committed."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: Iterable[KafkaPartition]) -> None:
        self._consumer = consumer
        self._waiting = {partition: _Waiting() for partition in partitions}
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Takes in until cancelled; raises aiokafka's error."""
        while True:
            self._room.clear()
            open_now = [partition for partition, waiting in self._waiting.items() if waiting.has_room]
            if open_now:
                await self._take_in(open_now)
            else:
                await self._room.wait()

    async def take(self, partition: KafkaPartition, max_records: int) -> list[ConsumerRecord]:
        """Waits for records of `partition`, and returns up to `max_records` of them in offset order."""
        waiting = self._waiting[partition]
        await waiting.arrived.wait()
        had_room = waiting.has_room
        taken = waiting.take(max_records)
        if waiting.has_room and not had_room:
            self._room.set()
        return taken

    async def _take_in(self, partitions: list[KafkaPartition]) -> None:
        """Asks for these partitions until something came, or another one has room again."""
        fetch = asyncio.create_task(self._consumer.getmany(*partitions, timeout_ms=_POLL_MILLISECONDS))
        room = asyncio.create_task(self._room.wait())
        try:
            await asyncio.wait([fetch, room], return_when=asyncio.FIRST_COMPLETED)
        finally:
            room.cancel()
            fetch.cancel()  # it takes nothing out of aiokafka before it is sure to return it
            await asyncio.wait([fetch, room])
        if not fetch.cancelled():
            for partition, records in fetch.result().items():
                self._waiting[partition].add(records)


class _Waiting:
    """One partition's records that no worker has yet."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self._records: deque[ConsumerRecord] = deque()
        self._size_bytes = 0

    @property
    def has_room(self) -> bool:
        return self._size_bytes < _WAITING_BYTES

    def add(self, records: list[ConsumerRecord]) -> None:
        self._records += records
        self._size_bytes += _size_bytes(records)
        self.arrived.set()

    def take(self, max_records: int) -> list[ConsumerRecord]:
        taken = list(islice(self._records, max_records))
        for _ in taken:
            self._records.popleft()
        self._size_bytes -= _size_bytes(taken)
        if not self._records:
            self.arrived.clear()
        return taken


def _size_bytes(records: list[ConsumerRecord]) -> int:
    """Returns what the records count: their values, and something for each record itself."""
    values_bytes: int = sum(map(attrgetter("serialized_value_size"), records))
    return len(records) * _RECORD_BYTES + values_bytes
