"""Topics as the contracts declare them. Called once at the start of a system; safe to repeat."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]
from aiokafka.admin.config_resource import (  # type: ignore[import-untyped]
    ConfigResource,
    ConfigResourceType,
)
from aiokafka.errors import (  # type: ignore[import-untyped]
    InvalidConfigurationError,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)

from agentbus.bus.address import BusAddress
from agentbus.bus.handshake import let_handshake_end
from agentbus.bus.producer import MAX_RECORD_BYTES
from agentbus.contracts.topics import dead_letter_topic, topics
from agentbus.kernel.errors import Fatal, Transient
from agentbus.observability.log import get_logger

_LOG = get_logger("agentbus.bus.provisioning")
_COPIES: Final = 3
_LOOK_SECONDS: Final = 0.05
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
    wanted: Sequence[Wanted] | None = None,
    *,
    replication_factor: int | None = None,
    timeout_seconds: float = 30.0,
) -> None:
    """Creates the missing topics (default: the declared ones) and brings the others' settings up to date.

    When it returns, the broker serves all of them. Without `replication_factor`, new topics have three
    copies, or as many as there are brokers. Raises Fatal when a topic exists with other partitions than
    wanted or Kafka refuses a setting, Transient when it does not answer in time.
    """
    admin = AIOKafkaAdminClient(**address.connection())
    let_handshake_end(admin._client)
    by_name = {address.topic(each.name): each for each in (declared() if wanted is None else wanted)}
    try:
        async with asyncio.timeout(timeout_seconds):
            await admin.start()
            copies = replication_factor or min(_COPIES, len((await admin.describe_cluster())["brokers"]))
            made = await _create(admin, by_name, copies)
            _check(by_name, await _served(admin, by_name))
            await _configure(admin, {name: each for name, each in by_name.items() if name not in made})
    except InvalidConfigurationError as error:
        raise Fatal(f"Kafka refuses a topic's setting: {error}", code="wrong_setting") from error
    except (KafkaError, OSError, TimeoutError) as error:
        raise Transient(f"cannot provision topics: {error!r}", code="bus_unavailable") from error
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, wanted: Mapping[str, Wanted], copies: int) -> set[str]:
    """Returns which topics are new."""
    response = await admin.create_topics(
        [
            NewTopic(name, each.partitions, copies, topic_configs=dict(each.config))
            for name, each in wanted.items()
        ]
    )
    made = set()
    for name, code, message in response.topic_errors:
        if code == 0:
            made.add(name)
            _LOG.info("topic_created", topic=name, partitions=wanted[name].partitions)
        elif for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)(f"{name}: {message}")
    return made


async def _served(admin: AIOKafkaAdminClient, wanted: Mapping[str, Wanted]) -> dict[str, int]:
    """Returns how many partitions each topic has; a broker hears of a new one after it is made."""
    while True:
        found = await admin.describe_topics(list(wanted))
        if all(_has_leaders(each) for each in found):
            return {each["topic"]: len(each["partitions"]) for each in found}
        await asyncio.sleep(_LOOK_SECONDS)


def _has_leaders(topic: Mapping[str, Any]) -> bool:
    return topic["error_code"] == 0 and all(each["leader"] >= 0 for each in topic["partitions"])


def _check(wanted: Mapping[str, Wanted], found: Mapping[str, int]) -> None:
    for name, each in wanted.items():
        if found[name] != each.partitions:
            raise Fatal(
                f"topic {name} has {found[name]} partitions, {each.partitions} are declared: "
                "plans would move between partitions, so this is not changed by itself",
                code="wrong_partitions",
            )


async def _configure(admin: AIOKafkaAdminClient, wanted: Mapping[str, Wanted]) -> None:
    if resources := [
        ConfigResource(ConfigResourceType.TOPIC, name, dict(each.config))
        for name, each in wanted.items()
        if each.config
    ]:
        for response in await admin.alter_configs(resources):
            for code, message, _, name in response.resources:
                if code:
                    raise for_code(code)(f"{name}: {message}")
