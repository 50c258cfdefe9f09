"""Reading a stretch of the log at will, without a group. Called for history, take-over, lookups and taps."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition  # type: ignore[import-untyped]

from agentbus.bus.address import BusAddress
from agentbus.bus.cluster import END, FIRST, Cluster
from agentbus.bus.kafka_names import key_bytes, to_records
from agentbus.bus.quiet import quieten
from agentbus.bus.record import Record
from agentbus.kernel.errors import Invalid, Transient

T = TypeVar("T")

_RETRY_SECONDS: Final = 0.05


class Reader:
    """Reads any range of any partition. Every call raises Transient when Kafka does not answer in time.

    Connections, one to each broker, are made when needed and kept for the next call.
    """

    def __init__(self, address: BusAddress, *, timeout_seconds: float = 10.0) -> None:
        quieten()
        self._address = address
        self._timeout_seconds = timeout_seconds
        self._cluster: Cluster | None = None
        self._connecting = asyncio.Lock()
        self._stopped = False
        self._partitions: dict[str, list[int]] = {}

    async def start(self) -> None:
        """Does nothing: connections are made when needed."""

    async def stop(self) -> None:
        """Closes the connections; questions that wait for their answer raise Transient."""
        self._stopped = True
        async with self._connecting:
            cluster, self._cluster = self._cluster, None
        if cluster is not None:
            await cluster.close()

    async def partitions(self, topic: str) -> list[int]:
        """Returns the topic's partitions; raises Invalid when there is no such topic."""
        if topic not in self._partitions:
            name = self._address.topic(topic)
            found = await self._ask(lambda cluster: cluster.partitions(name))
            if not found:
                raise Invalid(f"no topic {name}; provision the topics", code="unknown_topic", status=404)
            self._partitions[topic] = found
        return self._partitions[topic]

    async def partition_for(self, topic: str, key: str) -> int:
        """Returns the partition that holds `key` (Kafka's default partitioner, murmur2)."""
        partitions = await self.partitions(topic)
        hashed: int = murmur2(key_bytes(key)) & 0x7FFFFFFF
        return partitions[hashed % len(partitions)]

    async def begin_offset(self, topic: str, partition: int) -> int:
        """Returns the offset of the first record that is still kept."""
        return await self._offset(topic, partition, FIRST)

    async def end_offset(self, topic: str, partition: int) -> int:
        """Returns the offset that the next record will get."""
        return await self._offset(topic, partition, END)

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Returns `end_offset` of every partition of the topic, by partition."""
        names = [self._name(topic, partition) for partition in await self.partitions(topic)]
        found = await self._ask(lambda cluster: cluster.offsets(names, END))
        return {name.partition: end for name, end in found.items()}

    async def committed(self, group: str, topic: str, partition: int) -> int:
        """Returns the offset that `group` goes on from; 0 when it never committed."""
        name, group_name = self._name(topic, partition), self._address.group(group)
        return max(0, await self._ask(lambda cluster: cluster.committed(group_name, name)))

    async def offset_at(self, topic: str, partition: int, moment: datetime) -> int:
        """Returns the first offset whose record is not older than `moment`; the end when there is none."""
        found = await self._offset(topic, partition, int(moment.timestamp() * 1000))
        return await self.end_offset(topic, partition) if found < 0 else found

    async def read(
        self, topic: str, partition: int, start: int, stop: int | None = None, key: str | None = None
    ) -> AsyncGenerator[Record, None]:
        """Yields the records from offset `start` up to, not including, `stop` (None: the end at this call).

        With `key`, only those of that key. What retention removed is left out.
        """
        end = await self.end_offset(topic, partition) if stop is None else stop
        name = self._name(topic, partition)
        wanted = None if key is None else key_bytes(key)
        position = start
        # The position, not the last record, tells the end: compaction and markers leave holes.
        while position < end:
            fetched, position = await self._ask(partial(Cluster.fetch, name=name, offset=position))
            mine = [raw for raw in fetched if raw.offset < end and (wanted is None or raw.key == wanted)]
            for record in to_records(topic, mine):
                yield record

    async def _offset(self, topic: str, partition: int, moment: int) -> int:
        name = self._name(topic, partition)
        return (await self._ask(lambda cluster: cluster.offsets([name], moment)))[name]

    def _name(self, topic: str, partition: int) -> KafkaPartition:
        return KafkaPartition(self._address.topic(topic), partition)

    async def _ask(self, question: Callable[[Cluster], Awaitable[T]]) -> T:
        """Asks again while Kafka says "not now", until the time is over."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while True:
                    try:
                        return await question(await self._connected())
                    except KafkaError as error:
                        if not error.retriable:
                            raise
                        await asyncio.sleep(_RETRY_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Transient(f"Kafka did not answer: {error!r}", code="bus_unavailable") from error

    async def _connected(self) -> Cluster:
        async with self._connecting:
            if self._stopped:
                raise Transient("the reader is stopped", code="bus_unavailable")
            if self._cluster is None:
                # Half: a connection that is dead without knowing it is replaced within one question.
                half = self._timeout_seconds / 2
                self._cluster = await Cluster.connect(self._address, request_timeout_seconds=half)
            return self._cluster
