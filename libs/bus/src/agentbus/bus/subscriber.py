"""FastStream for low-volume topics where one handler per record is enough.

Guarantees: at least once; what cannot be handled goes to the dead letter before its offset is committed, by
the same rules as in `delivery`. It handles one record after the other, so a Transient error holds up *all*
partitions of this member, and a rebalance does not wait for the handler: use `Delivery` where order,
throughput or take-over count. FastStream's own acknowledgements are not used: `ack()` commits every
partition's position, also of records that failed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiokafka.errors import CommitFailedError, IllegalStateError  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition  # type: ignore[import-untyped]
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from agentbus.bus import instruments
from agentbus.bus.address import BusAddress
from agentbus.bus.attempts import Attempts, worth_logging
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.dead_letters import DeadLetters
from agentbus.bus.kafka_names import to_records
from agentbus.bus.quiet import quieten
from agentbus.bus.record import Record
from agentbus.bus.security import Security
from agentbus.bus.spans import processed
from agentbus.kernel.backoff import Backoff
from agentbus.observability.log import get_logger

_LOG = get_logger("agentbus.bus.subscriber")

RecordHandler = Callable[[Record], Awaitable[None]]


class Subscriber:
    """Hands every record of `topic` to `handler` as a member of `group`.

    `handler` raises Transient to get the record again, Invalid to have it put aside.
    """

    def __init__(
        self,
        address: BusAddress,
        *,
        topic: str,
        group: str,
        handler: RecordHandler,
        stop_grace_seconds: float = 10.0,
    ) -> None:
        quieten()
        self._address = address
        self._group = group
        self._handler = handler
        self._backoff = Backoff()
        self._attempts = Attempts(processed(self._single, group), self._wait, self._backoff)
        self._dead_letters = DeadLetters(address, group, self._backoff)
        self.broker = KafkaBroker(
            address.bootstrap,
            client_id=address.client_id,
            security=_security(address.security),
            allow_auto_create_topics=False,
            graceful_timeout=stop_grace_seconds,
            logger=None,
        )
        subscribe = self.broker.subscriber(
            address.topic(topic),
            group_id=address.group(group),
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            decoder=_undecoded,
        )
        subscribe(self._consume)

    async def start(self) -> None:
        """Joins the group; raises aiokafka's error when Kafka is down."""
        await self.broker.start()

    async def stop(self) -> None:
        """Lets the record in hand finish within the grace, else it is delivered again; leaves the group."""
        await self.broker.stop()
        await self._dead_letters.stop()

    async def _consume(self, message: KafkaMessage) -> None:
        raw = message.raw_message
        assert not isinstance(raw, tuple)
        (record,) = to_records(self._address.short_name(raw.topic), [raw])
        poison = await self._attempts.handle(Batch(record.topic, record.partition, [record]))
        if poison:
            await self._dead_letters.put_aside(poison)
        try:
            await message.consumer.commit({KafkaPartition(raw.topic, raw.partition): raw.offset + 1})  # type: ignore[call-arg]
        except (CommitFailedError, IllegalStateError) as error:
            _LOG.info("commit_refused", topic=record.topic, offset=record.offset, error=str(error))

    async def _single(self, batch: Batch) -> Sequence[Poison]:
        await self._handler(batch.records[0])
        return []

    async def _wait(self, batch: Batch, error: Exception, attempt: int, seconds: float) -> None:
        instruments.RETRIED.labels(batch.topic, self._group).inc()
        if worth_logging(attempt):
            offset = batch.records[0].offset
            _LOG.warning(
                "record_retried", topic=batch.topic, offset=offset, attempt=attempt, error=repr(error)
            )
        await asyncio.sleep(seconds)


def _security(ours: Security) -> BaseSecurity:
    """Returns FastStream's words for it."""
    if not ours.authenticates:
        return BaseSecurity(ssl_context=ours.tls)
    kind = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    password = ours.password.get_secret_value()
    return kind[ours.mechanism](ours.user, password, ssl_context=ours.tls)


async def _undecoded(message: KafkaMessage) -> bytes:
    """Leaves the bytes alone: a record that FastStream cannot decode would be skipped by the next commit."""
    return bytes(message.body)
