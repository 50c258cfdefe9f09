"""aiokafka's shapes and ours. The only place that knows both."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from aiokafka.structs import ConsumerRecord  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Record, TopicPartition


def key_bytes(key: str) -> bytes:
    """Returns the key's bytes; surrogate escapes give back what was not UTF-8."""
    return key.encode("utf-8", "surrogateescape")


def to_records(topic: str, raw: Sequence[ConsumerRecord]) -> list[Record]:
    """Returns what aiokafka read from one topic, given by its un-prefixed name, as records of ours."""
    milliseconds = {each.timestamp for each in raw}  # neighbours mostly have the same
    moments = {each: datetime.fromtimestamp(each / 1000, UTC) for each in milliseconds}
    return [
        Record(
            topic,
            each.partition,
            each.offset,
            (each.key or b"").decode("utf-8", "surrogateescape"),
            each.value or b"",
            each.headers,
            moments[each.timestamp],
        )
        for each in raw
    ]


def to_kafka(address: BusAddress, partition: TopicPartition) -> KafkaPartition:
    """Returns the partition under its name on the broker."""
    return KafkaPartition(address.topic(partition.topic), partition.partition)


def to_ours(address: BusAddress, partitions: Iterable[KafkaPartition]) -> frozenset[TopicPartition]:
    """Returns the broker's partitions under our names."""
    return frozenset(TopicPartition(address.short_name(each.topic), each.partition) for each in partitions)
