"""The plans' topics on Kafka: adapters of `PlanMessages`, `PlanRecords` and `LiveText`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from agentbus.bus.codec import decode, encode
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.contracts import topics
from agentbus.contracts.plan_record import PlanRecord
from agentbus.kernel.errors import AgentbusError, Invalid
from agentbus.observability.log import get_logger
from agentbus.observability.tracing import unrecorded, within

log = get_logger(__name__)
_LIVE_LIMIT: Final = 1000


class KafkaPlanMessages:
    """`agent.messages`."""

    def __init__(self, reader: Reader, producer: Producer) -> None:
        self._reader = reader
        self._producer = producer

    async def end(self, partition: int) -> int:
        """Returns the offset after the partition's newest message."""
        return await self._reader.end_offset(topics.MESSAGES, partition)

    async def offset_at(self, partition: int, moment: datetime) -> int:
        """Returns the first offset that the broker gave at `moment` or later."""
        return await self._reader.offset_at(topics.MESSAGES, partition, moment)

    async def read(
        self, partition: int, start: int, stop: int | None = None, plan_id: str | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yields messages in log order; records that are no messages are left to the dead letter."""
        async for record in self._reader.read(topics.MESSAGES, partition, start, stop, key=plan_id):
            try:
                message = decode(record.value)
            except Invalid:
                continue
            if _is_message(message):
                yield message

    async def publish(self, plan_id: str, message: Mapping[str, Any]) -> int:
        """Publishes a message; returns its offset."""
        sent = await self._producer.send(topics.MESSAGES, plan_id, encode(message), schema="message.v1")
        return sent.offset


class KafkaPlanRecords:
    """`agent.plans`."""

    def __init__(self, reader: Reader, producer: Producer) -> None:
        self._reader = reader
        self._producer = producer

    async def read(self, partition: int, plan_id: str | None = None) -> AsyncIterator[PlanRecord]:
        """Yields the partition's records (of one plan), oldest first."""
        start = await self._reader.begin_offset(topics.PLANS, partition)
        async for record in self._reader.read(topics.PLANS, partition, start, key=plan_id):
            try:
                yield PlanRecord.model_validate_json(record.value)
            except ValidationError:
                log.exception("plan_record_unreadable", partition=partition, offset=record.offset)

    async def write(self, record: PlanRecord) -> None:
        """Writes a plan's newest record."""
        await self._producer.send(topics.PLANS, record.start.plan_id, encode(record), schema="plan_record.v1")


class KafkaLiveText:
    """`agent.streaming`: sent in order by one task; what Kafka does not take soon is dropped.

    A chunk belongs to the trace of whoever says it, and no span of its way is recorded: there are many.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._queue: asyncio.Queue[tuple[Mapping[str, Any], str]] = asyncio.Queue(_LIVE_LIMIT)

    def show(self, chunk: Mapping[str, Any]) -> None:
        """Queues a chunk, unless the queue is full."""
        if not self._queue.full():
            self._queue.put_nowait((chunk, unrecorded()))

    async def run(self) -> None:
        """Sends chunks until cancelled."""
        while True:
            chunk, parent = await self._queue.get()
            plan_id, schema = chunk["plan_id"], "streaming_chunk.v1"
            try:
                with within(parent):
                    await self._producer.send(topics.STREAMING, plan_id, encode(chunk), schema=schema)
            except AgentbusError as error:
                log.debug("live_text_dropped", plan_id=plan_id, error=error.message)


def _is_message(value: Mapping[str, Any]) -> bool:
    return (
        isinstance(value.get("plan_id"), str)
        and isinstance(value.get("seq"), int)
        and isinstance(value.get("attempt"), int)
        and isinstance(value.get("payload"), dict)
        and isinstance(value.get("metadata"), dict)
    )
