"""Topics as the contracts declare them. Called once at the start of a system; safe to repeat."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]
from aiokafka.admin.config_resource import (  # type: ignore[import-untyped]
    ConfigResource,
    ConfigResourceType,
)
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code  # type: ignore[import-untyped]

from agentbus.bus.address import BusAddress
from agentbus.bus.handshake import let_handshake_end
from agentbus.bus.producer import MAX_RECORD_BYTES
from agentbus.contracts.topics import dead_letter_topic, topics
from agentbus.kernel.errors import Fatal, Transient
from agentbus.observability.log import get_logger

_LOG = get_logger("agentbus.bus.provisioning")
_COPIES: Final = 3
_ROOM_FOR_REASON_BYTES: Final = 65_536

DEAD_LETTER_CONFIG: Final = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "max.message.bytes": str(MAX_RECORD_BYTES + _ROOM_FOR_REASON_BYTES),
}


@dataclass(frozen=True)
class Wanted:
    """A topic as it should be."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


def declared() -> Iterator[Wanted]:
    """Yields the topics of the contracts and, for each group that has one, its dead-letter topic."""
    for topic in topics().values():
        yield Wanted(topic.name, topic.partitions, topic.config)
        for group in topic.dead_letter:
            yield Wanted(dead_letter_topic(topic.name, group), 1, DEAD_LETTER_CONFIG)


async def provision(
    address: BusAddress,
    wanted: tuple[Wanted, ...] | None = None,
    *,
    replication_factor: int | None = None,
    timeout_seconds: float = 30.0,
) -> None:
    """Creates the missing topics (default: the declared ones) and brings the others' settings up to date.

    Without `replication_factor`, new topics have three copies, or as many as there are brokers. Raises Fatal
    when a topic exists with other partitions than wanted, Transient when Kafka does not answer in time.
    """
    admin = AIOKafkaAdminClient(**address.connection())
    let_handshake_end(admin._client)
    try:
        async with asyncio.timeout(timeout_seconds):
            await admin.start()
            copies = replication_factor or min(_COPIES, len((await admin.describe_cluster())["brokers"]))
            for each in tuple(declared()) if wanted is None else wanted:
                await _ensure(admin, address, each, copies)
    except (KafkaError, OSError, TimeoutError) as error:
        raise Transient(f"cannot provision topics: {error!r}", code="bus_unavailable") from error
    finally:
        await admin.close()


async def _ensure(admin: AIOKafkaAdminClient, address: BusAddress, wanted: Wanted, copies: int) -> None:
    name = address.topic(wanted.name)
    topic = NewTopic(name, wanted.partitions, copies, topic_configs=dict(wanted.config))
    response = await admin.create_topics([topic])
    code = response.topic_errors[0][1]
    if code == 0:
        _LOG.info("topic_created", topic=name, partitions=wanted.partitions)
        return
    if for_code(code) is not TopicAlreadyExistsError:
        raise for_code(code)(f"{name}: {response.topic_errors[0][2]}")
    found = (await admin.describe_topics([name]))[0]
    if found["error_code"]:  # made a moment ago: the broker that was asked has not heard of it yet
        raise for_code(found["error_code"])(name)
    if len(found["partitions"]) != wanted.partitions:
        raise Fatal(
            f"topic {name} has {len(found['partitions'])} partitions, {wanted.partitions} are declared: "
            "plans would move between partitions, so this is not changed by itself",
            code="wrong_partitions",
        )
    if wanted.config:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(wanted.config))])
