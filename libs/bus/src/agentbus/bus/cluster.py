"""Questions to Kafka's brokers, each answered in one round trip. Called by `reader`.

aiokafka's consumer and admin client serve streams: a long poll holds up the connection's next request, a new
topic costs a backoff, every question about a group begins with a search for its coordinator. This asks with
aiokafka's own client and protocol, without them.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

from aiokafka.client import AIOKafkaClient, CoordinationType  # type: ignore[import-untyped]
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    KafkaError,
    LeaderNotAvailableError,
    NoError,
    OffsetOutOfRangeError,
    StaleMetadata,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest  # type: ignore[import-untyped]
from aiokafka.protocol.fetch import FetchRequest  # type: ignore[import-untyped]
from aiokafka.protocol.offset import OffsetRequest  # type: ignore[import-untyped]
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]
from aiokafka.structs import ConsumerRecord  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition

from agentbus.bus.address import BusAddress
from agentbus.bus.handshake import let_handshake_end

FIRST: Final = -2
"""For `offsets`: the first record that is kept."""

END: Final = -1
"""For `offsets`: the offset that the next record gets."""

_FETCH_BYTES: Final = 1_048_576  # a larger record comes alone, whole
_NO_LEADER: Final = (None, -1)


class Fetched(NamedTuple):
    """Records from an offset on, and the offset to go on from. There may be none: compaction leaves holes."""

    records: Sequence[ConsumerRecord]
    next_offset: int


class NotYetError(KafkaError):  # type: ignore[misc]
    """The partition does not reach to that offset yet."""

    retriable = True


class Cluster:
    """One connection to each broker. Every question raises KafkaError; ask again when it is `retriable`."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client
        self._coordinators: dict[str, int] = {}

    @classmethod
    async def connect(cls, address: BusAddress, *, request_timeout_seconds: float) -> Self:
        """Connects; raises KafkaError when no broker answers."""
        client = AIOKafkaClient(
            **address.connection(),
            request_timeout_ms=int(request_timeout_seconds * 1000),
        )
        let_handshake_end(client)
        try:
            await client.bootstrap()
        except BaseException:
            await client.close()
            raise
        return cls(client)

    async def close(self) -> None:
        """Closes the connections; questions that wait for their answer fail."""
        await self._client.close()
        update = self._client._md_update_fut
        if update is not None and not update.done():
            update.set_result(False)  # aiokafka leaves whoever waits for it waiting

    async def partitions(self, topic: str) -> list[int]:
        """Returns the topic's partitions; none when there is no such topic."""
        known = self._client.cluster.partitions_for_topic(topic)
        if known is None:
            await self._learn(topic)
            known = self._client.cluster.partitions_for_topic(topic)
        return sorted(known or ())

    async def offsets(self, names: Sequence[KafkaPartition], moment: int) -> dict[KafkaPartition, int]:
        """Returns for each partition the first offset at or after `moment`, in Unix milliseconds.

        -1 where there is none. `FIRST` and `END` are moments too.
        """
        by_leader: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for name in names:
            by_leader[await self._leader(name)][name.topic].append((name.partition, moment))
        found: dict[KafkaPartition, int] = {}
        for leader, wanted in by_leader.items():
            request = OffsetRequest(-1, READ_COMMITTED, list(wanted.items()))
            answers = await self._ask(leader, request)
            found |= {name: int(answer["offset"]) for name, answer in answers.items()}
        return found

    async def committed(self, group: str, name: KafkaPartition) -> int:
        """Returns the offset that the group goes on from; -1 when it never committed."""
        if group not in self._coordinators:
            found = await self._client.coordinator_lookup(CoordinationType.GROUP, group)
            self._coordinators[group] = found
        request = OffsetFetchRequest(group, [(name.topic, [name.partition])])
        try:
            answers = await self._ask(self._coordinators[group], request)
        except KafkaError:
            self._coordinators.pop(group, None)  # it may have moved
            raise
        return int(answers[name]["offset"]) if name in answers else -1

    async def fetch(self, name: KafkaPartition, offset: int) -> Fetched:
        """Returns committed records from `offset` on, or from the first that is kept when that comes later.

        Raises NotYetError when there is nothing so far.
        """
        wanted = [(name.topic, [(name.partition, offset, _FETCH_BYTES)])]
        request = FetchRequest(0, 1, _FETCH_BYTES, READ_COMMITTED, wanted)
        try:
            answers = await self._ask(await self._leader(name), request)
        except OffsetOutOfRangeError:
            fetched = Fetched((), (await self.offsets([name], FIRST))[name])
        else:
            fetched = _parse(name, offset, answers[name])
        if fetched.next_offset <= offset:
            raise NotYetError(f"{name} has nothing at {offset}")
        return fetched

    async def _leader(self, name: KafkaPartition) -> int:
        leader = self._client.cluster.leader_for_partition(name)
        if leader in _NO_LEADER:
            await self._learn(name.topic)
            leader = self._client.cluster.leader_for_partition(name)
        if leader in _NO_LEADER:
            raise LeaderNotAvailableError(name)
        return int(leader)

    async def _learn(self, topic: str) -> None:
        learned = await self._client.add_topic(topic)
        if self._client.cluster.partitions_for_topic(topic) is None:
            # The answer that was waited for may have been to a question from before.
            learned = await self._client.force_metadata_update()
        if not learned:
            raise StaleMetadata(topic)

    async def _ask(self, node: int, request: Any) -> dict[KafkaPartition, dict[str, Any]]:
        """Returns the answer for each partition, by field name."""
        response = await self._client.send(node, request)
        fields = _partition_fields(response)
        answers = {
            KafkaPartition(topic, partition[0]): dict(zip(fields, partition, strict=True))
            for topic, partitions in response.topics
            for partition in partitions
        }
        for name, answer in answers.items():
            error = for_code(answer["error_code"])
            if error.invalid_metadata:
                self._client.force_metadata_update()
            if error is not NoError:
                raise error(name)
        return answers


def _partition_fields(response: Any) -> Sequence[str]:
    # Which fields there are depends on the version that the broker agreed to.
    schema = response.SCHEMA
    topics = schema.fields[schema.names.index("topics")]
    names: Sequence[str] = topics.array_of.fields[1].array_of.names
    return names


def _parse(name: KafkaPartition, offset: int, answer: dict[str, Any]) -> Fetched:
    parsed = PartitionRecords(
        name,
        MemoryRecords(answer["message_set"]),
        answer["aborted_transactions"],
        offset,
        key_deserializer=None,
        value_deserializer=None,
        check_crcs=True,
        isolation_level=READ_COMMITTED,
    )
    return Fetched(list(parsed), parsed.next_fetch_offset)
