"""Sending with acknowledgement. When `send` raises, the record is not sent later.

Called by services that publish directly (plan service, gateway), by the outbox relay and for dead letters.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    KafkaError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
    UnknownTopicOrPartitionError,
)
from aiokafka.structs import RecordMetadata  # type: ignore[import-untyped]

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import record_headers
from agentbus.bus.handshake import let_handshake_end
from agentbus.bus.kafka_names import key_bytes
from agentbus.bus.outage import Outage
from agentbus.bus.quiet import quieten
from agentbus.bus.record import Outgoing, Sent
from agentbus.bus.spans import sending
from agentbus.kernel.errors import AgentbusError, Invalid, Transient

MAX_RECORD_BYTES: Final = 2_097_152
"""What the topics take, dead-letter headers aside."""

_REQUEST_BYTES: Final = 131_072
"""What a request has beside its record."""

_MAX_BATCH_BYTES: Final = 262_144
_CLOSE_SECONDS: Final = 1.0

Acknowledgement = asyncio.Future[RecordMetadata]


class Producer:
    """An idempotent producer (`acks=all`, no linger) that survives outages by being rebuilt.

    After any failed batch, the inner producer is thrown away: a later batch of its partition could only fail
    too (a gap in the sequence numbers), and that is what keeps the order when the caller sends again.
    """

    def __init__(self, address: BusAddress, *, max_record_bytes: int = MAX_RECORD_BYTES) -> None:
        quieten()
        self._address = address
        self._max_request_bytes = max_record_bytes + _REQUEST_BYTES
        self._inner: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[AIOKafkaProducer] | None = None
        self._outage = Outage(f"{address.client_id} producer")

    async def start(self) -> None:
        """Begins to connect in the background; does not fail while Kafka is down."""
        if self._inner is None and self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())

    async def stop(self) -> None:
        """Closes. A `send` that still waits fails."""
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
            self._connecting = None
        await self.reset()

    async def send(
        self, topic: str, key: str, value: bytes | None, *, schema: str, timeout_seconds: float = 5.0
    ) -> Sent:
        """Sends one record and returns where it landed; `value` None is a tombstone.

        Raises Transient when Kafka did not acknowledge it in time: then it is not sent later, though one
        that was on the wire may have been appended. Raises Invalid when it is larger than a topic takes.
        """
        with sending(topic):
            record = Outgoing(topic, key, value, record_headers(schema))
            return (await self._send_all([record], timeout_seconds))[0]

    async def send_all(self, records: Sequence[Outgoing], *, timeout_seconds: float = 5.0) -> list[Sent]:
        """Sends records pipelined, keeping their order per key; returns when all are acknowledged.

        Raises as `send`; the first records of each partition may then have been appended.
        """
        if not records:
            return []
        with sending(records[0].topic, records):
            return await self._send_all(records, timeout_seconds)

    async def _send_all(self, records: Sequence[Outgoing], timeout_seconds: float) -> list[Sent]:
        inner: AIOKafkaProducer | None = None
        acknowledgements: list[Acknowledgement] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                inner = await self._connected()
                for record in records:
                    acknowledgements.append(await self._hand_over(inner, record))  # noqa: PERF401  kept on error
                return [_sent(await each) for each in acknowledgements]
        except (TimeoutError, KafkaError) as error:
            if acknowledgements or isinstance(error, TimeoutError):
                await self._throw_away(inner)
            _retrieve(acknowledgements)
            # While there is no connection, why there is none tells more than that the time is over.
            raise _ours(self._outage.cause or error) from error

    async def submit(self, record: Outgoing) -> Acknowledgement:
        """Hands a record over without waiting for its acknowledgement; the order of calls is kept per key.

        Raises as `send`. After a failure, `reset` before sending again.
        """
        try:
            return await self._hand_over(await self._connected(), record)
        except KafkaError as error:
            raise _ours(error) from error

    async def reset(self) -> None:
        """Throws away what is not acknowledged, and connects anew at the next call."""
        await self._throw_away(self._inner)

    async def _hand_over(self, inner: AIOKafkaProducer, record: Outgoing) -> Acknowledgement:
        future: Acknowledgement = await inner.send(
            self._address.topic(record.topic),
            value=record.value,
            key=key_bytes(record.key),
            headers=list(record.headers),
        )
        return future

    async def _connected(self) -> AIOKafkaProducer:
        if self._inner is None:
            await self.start()
            assert self._connecting is not None
            # Shielded: the connection outlives the call that gave up waiting for it.
            await asyncio.shield(self._connecting)
        assert self._inner is not None
        return self._inner

    async def _connect(self) -> AIOKafkaProducer:
        while True:
            inner = self._build()
            try:
                await inner.start()
            except (KafkaError, OSError) as error:
                await inner.stop()
                await asyncio.sleep(self._outage.failed(error))
            except asyncio.CancelledError:
                await inner.stop()
                raise
            else:
                self._outage.over()
                self._inner, self._connecting = inner, None
                return inner

    def _build(self) -> AIOKafkaProducer:
        inner = AIOKafkaProducer(
            **self._address.connection(),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            compression_type=None,
            max_batch_size=_MAX_BATCH_BYTES,
            max_request_size=self._max_request_bytes,
            request_timeout_ms=10_000,
        )
        let_handshake_end(inner.client)
        return inner

    async def _throw_away(self, inner: AIOKafkaProducer | None) -> None:
        if inner is None or inner is not self._inner:
            return
        self._inner = None
        await asyncio.shield(asyncio.ensure_future(_abort(inner)))


async def _abort(inner: AIOKafkaProducer) -> None:
    """Closes without the flush that aiokafka's own `stop` begins with: nothing queued may be sent."""
    sender = inner._sender.sender_task
    if sender is not None:
        sender.remove_done_callback(inner._sender._fail_all)
        sender.cancel()
    inner._message_accumulator.fail_all(KafkaError("producer was reset"))
    await inner.client.close()
    if sender is not None and not (await asyncio.wait([sender], timeout=_CLOSE_SECONDS))[0]:
        sender.cancel()
        await asyncio.wait([sender], timeout=_CLOSE_SECONDS)
    if sender is not None and sender.done() and not sender.cancelled():
        sender.exception()  # retrieved: it may stumble over the batches that were failed above
    inner._closed = True


def _sent(metadata: RecordMetadata) -> Sent:
    appended_at = datetime.fromtimestamp(metadata.timestamp / 1000, UTC) if metadata.timestamp else None
    return Sent(metadata.partition, metadata.offset, appended_at)


def _retrieve(acknowledgements: Sequence[Acknowledgement]) -> None:
    for each in acknowledgements:
        if each.done() and not each.cancelled():
            each.exception()
        else:
            each.cancel()


def _ours(error: BaseException) -> AgentbusError:
    if isinstance(error, MessageSizeTooLargeError | RecordTooLargeError):
        return Invalid("the record is larger than Kafka takes", code="too_large", status=413)
    if isinstance(error, UnknownTopicOrPartitionError):
        return Transient("Kafka has no such topic; provision the topics", code="unknown_topic")
    return Transient(f"Kafka did not acknowledge: {error!r}", code="bus_unavailable")
