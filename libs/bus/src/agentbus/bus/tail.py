"""The live end of topics, every partition, without a group. Called by the gateway and the plan service.

Guarantee: from the position at attachment on, each record is handed over in order per partition, none
skipped, also across outages of Kafka. `position` moves on right before the records are handed over: whoever
notes it between two calls of `on_records` gets everything from there on.
"""

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.structs import ConsumerRecord  # type: ignore[import-untyped]

from agentbus.bus.address import BusAddress
from agentbus.bus.handshake import let_handshake_end
from agentbus.bus.kafka_names import to_kafka, to_records
from agentbus.bus.outage import Outage
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record, TopicPartition
from agentbus.kernel.errors import AgentbusError, Transient
from agentbus.observability.log import get_logger

_POLL_MILLISECONDS: Final = 1000
_LOG = get_logger("agentbus.bus.tail")

OnRecords = Callable[[list[Record]], Awaitable[None] | None]


class Tail:
    """Hands what is appended to `topics` to `on_records`, a list of one partition's records at a time.

    What `on_records` raises is logged; the same records are not handed over again.
    """

    def __init__(self, address: BusAddress, topics: Sequence[str], on_records: OnRecords) -> None:
        self._address = address
        self._reader = Reader(address)
        self._topics = tuple(topics)
        self._on_records = on_records
        self._positions: dict[TopicPartition, int] = {}
        self._attached = asyncio.Event()
        self._outage = Outage(f"{address.client_id} tail")
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, wait_seconds: float = 10.0) -> None:
        """Attaches at the end of every partition.

        Does not fail while Kafka is down: after `wait_seconds` it goes on trying in the background.
        """
        self._task = asyncio.create_task(self._run())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._attached.wait(), wait_seconds)

    async def stop(self) -> None:
        """Ends the tail; `on_records` is not called after this returned."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._reader.stop()

    @property
    def attached(self) -> bool:
        """Tells whether positions are known."""
        return self._attached.is_set()

    def position(self, topic: str, partition: int) -> int:
        """Returns the next offset to be handed to `on_records`; raises Transient before attachment."""
        try:
            return self._positions[TopicPartition(topic, partition)]
        except KeyError:
            raise Transient(f"not attached to {topic}", code="bus_unavailable") from None

    async def _run(self) -> None:
        while True:
            consumer = self._consumer()
            try:
                await self._follow(consumer)
            except (KafkaError, OSError, AgentbusError) as error:
                await asyncio.sleep(self._outage.failed(error))
            finally:
                await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        await self._attach()
        await consumer.start()
        names = {to_kafka(self._address, partition): partition for partition in self._positions}
        consumer.assign(list(names))
        for name, partition in names.items():
            consumer.seek(name, self._positions[partition])
        self._outage.over()
        self._attached.set()
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
            for name, raw in fetched.items():
                await self._hand_over(names[name], raw)

    async def _attach(self) -> None:
        """Learns the ends of the topics that it has no positions for: all of them, the first time."""
        known = {partition.topic for partition in self._positions}
        for topic in self._topics:
            if topic not in known:
                ends = await self._reader.end_offsets(topic)
                self._positions |= {TopicPartition(topic, number): end for number, end in ends.items()}

    async def _hand_over(self, partition: TopicPartition, raw: Sequence[ConsumerRecord]) -> None:
        expected = self._positions[partition]
        if raw[0].offset > expected:
            # Only when the topic lost them (retention), or for offsets that Kafka itself used.
            _LOG.info("offsets_missing", topic=partition.topic, expected=expected, found=raw[0].offset)
        records = to_records(partition.topic, raw)
        self._positions[partition] = records[-1].offset + 1
        try:
            result = self._on_records(records)
            if inspect.isawaitable(result):
                await result
        except Exception:  # noqa: BLE001  the tail outlives its listener's faults
            _LOG.exception("tail_callback_failed", topic=partition.topic, first_offset=records[0].offset)

    def _consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._address.connection(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            request_timeout_ms=10_000,
            fetch_max_wait_ms=500,
        )
        let_handshake_end(consumer._client)
        return consumer
