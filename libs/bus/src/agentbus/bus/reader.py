"""Reading a stretch of the log at will, without a group. Called for history, take-over, lookups and taps."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]
from aiokafka.structs import ConsumerRecord  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition

from agentbus.bus.address import BusAddress
from agentbus.bus.kafka_names import key_bytes, to_record
from agentbus.bus.quiet import quieten
from agentbus.bus.record import Record
from agentbus.kernel.errors import Invalid, Transient

T = TypeVar("T")

_POLL_MILLISECONDS: Final = 200
_RETRY_SECONDS: Final = 0.1
_IDLE_CONSUMERS: Final = 4


class Reader:
    """Reads any range of any partition. Every call raises Transient when Kafka does not answer in time.

    Connections are made when needed and kept for the next call.
    """

    def __init__(self, address: BusAddress, *, timeout_seconds: float = 10.0) -> None:
        quieten()
        self._address = address
        self._timeout_seconds = timeout_seconds
        self._idle: list[AIOKafkaConsumer] = []
        self._admin: AIOKafkaAdminClient | None = None
        self._admin_lock = asyncio.Lock()
        self._partitions: dict[str, list[int]] = {}

    async def start(self) -> None:
        """Does nothing: connections are made when needed."""

    async def stop(self) -> None:
        """Closes the connections."""
        idle, self._idle = self._idle, []
        for consumer in idle:
            await consumer.stop()
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()

    async def partitions(self, topic: str) -> list[int]:
        """Returns the topic's partitions; raises Invalid when there is no such topic."""
        known = self._partitions.get(topic)
        if known is None:
            known = self._partitions[topic] = await self._ask_admin(
                lambda admin: _describe(admin, self._address.topic(topic))
            )
        return known

    async def partition_for(self, topic: str, key: str) -> int:
        """Returns the partition that holds `key` (Kafka's default partitioner, murmur2)."""
        partitions = await self.partitions(topic)
        hashed: int = murmur2(key_bytes(key)) & 0x7FFFFFFF
        return partitions[hashed % len(partitions)]

    async def begin_offset(self, topic: str, partition: int) -> int:
        """Returns the offset of the first record that is still kept."""
        name = self._name(topic, partition)
        return int((await self._ask(lambda consumer: consumer.beginning_offsets([name])))[name])

    async def end_offset(self, topic: str, partition: int) -> int:
        """Returns the offset that the next record will get."""
        name = self._name(topic, partition)
        return int((await self._ask(lambda consumer: consumer.end_offsets([name])))[name])

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Returns `end_offset` of every partition of the topic, by partition."""
        names = [self._name(topic, partition) for partition in await self.partitions(topic)]
        ends = await self._ask(lambda consumer: consumer.end_offsets(names))
        return {name.partition: ends[name] for name in names}

    async def committed(self, group: str, topic: str, partition: int) -> int:
        """Returns the offset that `group` goes on from; 0 when it never committed."""
        name, group_name = self._name(topic, partition), self._address.group(group)
        found = await self._ask_admin(
            lambda admin: admin.list_consumer_group_offsets(group_name, partitions=[name])
        )
        return max(0, found[name].offset) if name in found else 0

    async def offset_at(self, topic: str, partition: int, moment: datetime) -> int:
        """Returns the first offset whose record is not older than `moment`; the end when there is none."""
        name = self._name(topic, partition)
        milliseconds = int(moment.timestamp() * 1000)
        found = (await self._ask(lambda consumer: consumer.offsets_for_times({name: milliseconds})))[name]
        return await self.end_offset(topic, partition) if found is None else int(found.offset)

    async def read(
        self, topic: str, partition: int, start: int, stop: int | None = None, key: str | None = None
    ) -> AsyncGenerator[Record, None]:
        """Yields the records from offset `start` up to, not including, `stop` (None: the end at this call).

        With `key`, only those of that key. What retention removed is left out.
        """
        end = await self.end_offset(topic, partition) if stop is None else stop
        if start >= end:
            return
        name = self._name(topic, partition)
        wanted = None if key is None else key_bytes(key)
        consumer = await self._borrow()
        try:
            consumer.assign([name])
            consumer.seek(name, start)
            async for batch in self._batches(consumer, name, end):
                for raw in batch:
                    if raw.offset < end and (wanted is None or raw.key == wanted):
                        yield to_record(self._address, raw)
            consumer.pause(name)
        except KafkaError as error:
            await consumer.stop()
            raise _unavailable(error) from error
        except BaseException:
            await consumer.stop()
            raise
        await self._give_back(consumer)

    async def _batches(
        self, consumer: AIOKafkaConsumer, name: KafkaPartition, end: int
    ) -> AsyncIterator[Sequence[ConsumerRecord]]:
        deadline = time.monotonic() + self._timeout_seconds
        # The position, not the last record, tells the end: compaction and markers leave holes.
        while await self._position(consumer, name) < end:
            fetched = await consumer.getmany(name, timeout_ms=_POLL_MILLISECONDS)
            if fetched:
                deadline = time.monotonic() + self._timeout_seconds
                yield fetched[name]
                deadline = time.monotonic() + self._timeout_seconds
            elif time.monotonic() > deadline:
                raise Transient(f"no answer from Kafka for {name.topic}", code="bus_unavailable")

    async def _position(self, consumer: AIOKafkaConsumer, name: KafkaPartition) -> int:
        try:
            return int(await asyncio.wait_for(consumer.position(name), self._timeout_seconds))
        except TimeoutError as error:
            raise _unavailable(error) from error

    def _name(self, topic: str, partition: int) -> KafkaPartition:
        return KafkaPartition(self._address.topic(topic), partition)

    async def _ask(self, question: Callable[[AIOKafkaConsumer], Awaitable[T]]) -> T:
        consumer = await self._borrow()
        try:
            return await self._insist(lambda: question(consumer))
        finally:
            await self._give_back(consumer)

    async def _ask_admin(self, question: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
        async with self._admin_lock:
            if self._admin is None:
                self._admin = await self._insist(self._connect_admin)
            return await self._insist(lambda: question(self._admin))

    async def _connect_admin(self) -> AIOKafkaAdminClient:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._address.bootstrap, client_id=self._address.client_id
        )
        try:
            await admin.start()
        except BaseException:
            await admin.close()
            raise
        return admin

    async def _borrow(self) -> AIOKafkaConsumer:
        return self._idle.pop() if self._idle else await self._insist(self._connect_consumer)

    async def _give_back(self, consumer: AIOKafkaConsumer) -> None:
        if len(self._idle) < _IDLE_CONSUMERS:
            self._idle.append(consumer)
        else:
            await consumer.stop()

    async def _connect_consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._address.bootstrap,
            client_id=self._address.client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            request_timeout_ms=int(self._timeout_seconds * 1000),
            # What is read is there already; a long poll would only hold up the connection's next user.
            fetch_max_wait_ms=10,
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _insist(self, question: Callable[[], Awaitable[T]]) -> T:
        """Asks again while Kafka says "not now", until the time is over."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while True:
                    try:
                        return await question()
                    except KafkaError as error:
                        if not error.retriable:
                            raise
                        await asyncio.sleep(_RETRY_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            raise _unavailable(error) from error


async def _describe(admin: AIOKafkaAdminClient, name: str) -> list[int]:
    found = (await admin.describe_topics([name]))[0]
    numbers = sorted(each["partition"] for each in found["partitions"])
    if found["error_code"] or not numbers:
        raise Invalid(f"no topic {name}; provision the topics", code="unknown_topic", status=404)
    return numbers


def _unavailable(error: Exception) -> Transient:
    return Transient(f"Kafka did not answer: {error!r}", code="bus_unavailable")
