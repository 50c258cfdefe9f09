"""The edge to the bus: group `telemetry` on `agent.messages` and `workspace.changes`.

Guarantees: while this process lives, a record changes its figures for Prometheus once, however often the
broker delivers it; those in the database are `aggregation.counting`'s, which is told of every record here.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.delivery import Delivery
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record, TopicPartition
from agentbus.contracts.message import Message
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.contracts.topics import MESSAGES, WORKSPACE_CHANGES
from agentbus.contracts.workspace import WorkspaceChange
from agentbus.kernel.errors import Invalid
from agentbus.telemetry.aggregation.counting import Counting
from agentbus.telemetry.handlers import Parsed, count, parse_change, read
from agentbus.telemetry.instruments import SYNC_SECONDS
from agentbus.telemetry.model import Ledger
from agentbus.telemetry.restoration import GROUP, restore
from agentbus.telemetry.settings import TelemetrySettings

_READ_AT_ONCE: Final = 100


class Subscriber:
    """Messages: holds the ledgers of the partitions that this instance owns."""

    def __init__(self, reader: Reader, new_ledger: Callable[[], Ledger], counting: Counting[Message]) -> None:
        self._reader = reader
        self._new_ledger = new_ledger
        self._counting = counting
        self._ledgers: dict[int, Ledger] = {}
        self._counted_up_to: dict[int, int] = {}

    async def assigned(self, partition: int) -> None:
        """Restores what is in flight on a new partition. Raises Transient when Kafka does not answer."""
        if partition not in self._ledgers:
            read_up_to = await self._reader.committed(GROUP, MESSAGES, partition)
            self._ledgers[partition] = await self._restored(partition)
            await self._counting.assigned(partition, read_up_to)

    async def handle(self, batch: Batch) -> Sequence[Poison]:
        """Counts a batch of a partition that was assigned before."""
        parsed, poison = await _read(batch)
        end = batch.records[-1].offset + 1
        before = self._counted_up_to.get(batch.partition, 0)
        count(parsed, self._ledgers[batch.partition], before)
        self._counted_up_to[batch.partition] = max(before, end)
        await self._counting.take(batch.partition, parsed, end)
        return poison

    async def revoked(self, partition: int) -> None:
        """Gives up what is in flight on a partition that another instance counts from now on."""
        await self._counting.revoked(partition)
        ledger = self._ledgers.pop(partition, None)
        if ledger is not None:
            ledger.clear()

    async def _restored(self, partition: int) -> Ledger:
        ledger = self._new_ledger()
        try:
            await restore(self._reader, partition, ledger)
        except BaseException:
            ledger.clear()
            raise
        return ledger


class ChangeSubscriber:
    """Changes of workspaces: how many, and how soon they arrive."""

    def __init__(self, reader: Reader, counting: Counting[WorkspaceChange]) -> None:
        self._reader = reader
        self._counting = counting

    async def assigned(self, partition: int) -> None:
        """Begins to count a partition. Raises Transient when Kafka does not answer."""
        read_up_to = await self._reader.committed(GROUP, WORKSPACE_CHANGES, partition)
        await self._counting.assigned(partition, read_up_to)

    async def handle(self, batch: Batch) -> Sequence[Poison]:
        """Counts a batch."""
        changes: list[tuple[Record, WorkspaceChange]] = []
        poison: list[Poison] = []
        for record in batch.records:
            try:
                changes.append((record, parse_change(record)))
                _arrived(changes[-1][1])
            except Invalid as error:
                poison.append(Poison(record, error.code, error.message))
        await self._counting.take(batch.partition, changes, batch.records[-1].offset + 1)
        return poison

    async def revoked(self, partition: int) -> None:
        """Leaves a partition to another instance."""
        await self._counting.revoked(partition)


def deliver(
    settings: TelemetrySettings, address: BusAddress, messages: Subscriber, changes: ChangeSubscriber
) -> Delivery:
    """Returns the delivery of both topics, not running yet."""
    by_topic: dict[str, Subscriber | ChangeSubscriber] = {MESSAGES: messages, WORKSPACE_CHANGES: changes}

    async def assigned(partitions: Sequence[TopicPartition]) -> None:
        for topic, partition in partitions:
            await by_topic[topic].assigned(partition)

    async def revoked(partitions: Sequence[TopicPartition]) -> None:
        for topic, partition in partitions:
            await by_topic[topic].revoked(partition)

    async def handle(batch: Batch) -> Sequence[Poison]:
        return await by_topic[batch.topic].handle(batch)

    return Delivery(
        address,
        topics=list(by_topic),
        group=GROUP,
        handler=handle,
        max_batch_records=settings.telemetry_batch_records,
        on_assigned=assigned,
        on_revoked=revoked,
        limits=settings.dead_letter_limits(),
        session_timeout_seconds=settings.telemetry_session_seconds,
    )


async def _read(batch: Batch) -> tuple[list[Parsed], list[Poison]]:
    """Reads a few records at a time: what waits for the database meanwhile goes on as soon as it answers."""
    parsed: list[Parsed] = []
    poison: list[Poison] = []
    for start in range(0, len(batch.records), _READ_AT_ONCE):
        some, wrong = read(replace(batch, records=batch.records[start : start + _READ_AT_ONCE]))
        parsed += some
        poison += wrong
        await asyncio.sleep(0)
    return parsed, poison


def _arrived(change: WorkspaceChange) -> None:
    try:
        seconds = (datetime.now(UTC) - parse_timestamp(change.changed_at)).total_seconds()
    except ValueError:
        return
    SYNC_SECONDS.labels(change.collection, change.origin).observe(max(0.0, seconds))
