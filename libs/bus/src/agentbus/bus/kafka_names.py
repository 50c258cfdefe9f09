"""aiokafka's shapes and ours. The only place that knows both."""

from collections.abc import Iterable
from datetime import UTC, datetime

from aiokafka.structs import ConsumerRecord  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Record, TopicPartition


def key_bytes(key: str) -> bytes:
    """Returns the key's bytes; surrogate escapes give back what was not UTF-8."""
    return key.encode("utf-8", "surrogateescape")


def to_record(address: BusAddress, raw: ConsumerRecord) -> Record:
    """Returns what aiokafka read as a record of ours."""
    return Record(
        topic=address.short_name(raw.topic),
        partition=raw.partition,
        offset=raw.offset,
        key=(raw.key or b"").decode("utf-8", "surrogateescape"),
        value=raw.value or b"",
        headers=tuple(raw.headers),
        appended_at=datetime.fromtimestamp(raw.timestamp / 1000, UTC),
    )


def to_kafka(address: BusAddress, partition: TopicPartition) -> KafkaPartition:
    """Returns the partition under its name on the broker."""
    return KafkaPartition(address.topic(partition.topic), partition.partition)


def to_ours(address: BusAddress, partitions: Iterable[KafkaPartition]) -> frozenset[TopicPartition]:
    """Returns the broker's partitions under our names."""
    return frozenset(TopicPartition(address.short_name(each.topic), each.partition) for each in partitions)
