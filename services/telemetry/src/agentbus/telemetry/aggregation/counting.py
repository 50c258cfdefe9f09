"""Counts a topic's records in the database exactly once, whatever fails (0030).

Guarantee: how far a partition is counted stands in `telemetry.offsets`, written in the transaction of the
figures themselves and locked while they are written. So a batch counts whole or not at all, never twice,
however often it comes, whoever dies, and also when two instances believe that a partition is theirs. The
offset that Kafka keeps only says what was read: when the database was away, or the figures are to be built
anew, the log is read again from where the database stands.

Called by `subscribers`: `take` never waits for a database that is away, so the figures for Prometheus go on;
while a batch is written the partition's next one is read and understood (0042).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Final, Generic, TypeVar

from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Invalid, Transient
from agentbus.observability.log import get_logger
from agentbus.postgres.database import Database
from agentbus.postgres.schema import Schema
from agentbus.telemetry.aggregation import offsets
from agentbus.telemetry.aggregation.owned_partition import Decoded, OwnedPartition, Writer
from agentbus.telemetry.instruments import AGGREGATED, AGGREGATION_SECONDS, BEHIND, UNSTORABLE

T = TypeVar("T")

_LOOK_SECONDS: Final = 2.0
"""How often the stored offsets are compared unwoken: `rebuild` sets them back."""

_TURN_OFFSETS: Final = 20_000
"""How far one partition catches up before it is the next one's turn."""

_RETRY: Final = Backoff(first_seconds=0.1, limit_seconds=5.0)
_log = get_logger(__name__)


class Counting(Generic[T]):
    """Counts the partitions of `topic` that this instance owns."""

    def __init__(
        self,
        topic: str,
        database: Database,
        schema: Schema,
        reader: Reader,
        *,
        decode: Callable[[Record], T],
        new_writer: Callable[[int], Writer[T]],
        batch_records: int,
    ) -> None:
        """`decode` raises Invalid for a record that is no message; such are in the dead letter."""
        self._topic = topic
        self._database = database
        self._schema = schema
        self._reader = reader
        self._decode = decode
        self._new_writer = new_writer
        self._batch_records = batch_records
        self._partitions: dict[int, OwnedPartition[T]] = {}
        self._behind = asyncio.Event()

    async def assigned(self, partition: int, read: int) -> None:
        """Counts this partition from now on; its records before the offset `read` will not be given."""
        owned = OwnedPartition(partition, read, self._new_writer(partition))
        self._partitions[partition] = owned
        try:
            await self._schema.check()
            await self._ask(owned)
        except Transient:
            self._behind.set()

    async def revoked(self, partition: int) -> None:
        """Leaves this partition to another instance; what was taken is counted by then, or never here."""
        owned = self._partitions.pop(partition, None)
        if owned is not None and owned.writing is not None:
            await asyncio.wait([owned.writing])

    async def take(self, partition: int, batch: Decoded[T], end: int) -> None:
        """Counts the partition's next records, up to the offset `end`: from now on, or when it is possible.

        Returns once those taken before have been counted, so one batch a partition waits at most.
        """
        owned = self._partitions.get(partition)
        if owned is None:
            return
        await owned.turn.acquire()
        owned.writing = asyncio.create_task(self._count(owned, batch, end))

    async def _count(self, owned: OwnedPartition[T], batch: Decoded[T], end: int) -> None:
        """Counts what was taken, if the database stands where it begins. It is its turn, which ends here."""
        begin, owned.read = owned.read, max(owned.read, end)
        try:
            if owned.counted is not None and owned.counted >= begin:
                await self._write(owned, batch, end)
        except (Transient, Invalid) as error:
            _log.warning("counts later", topic=self._topic, partition=owned.number, reason=error.message)
        finally:
            owned.turn.release()
            if owned.behind:
                self._behind.set()
            self._tell()

    async def run(self) -> None:
        """Catches up with what was read and not counted, until cancelled."""
        failures = 0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._behind.wait(), _LOOK_SECONDS)
            self._behind.clear()
            try:
                await self._schema.made()
                await self._compare()
                for owned in list(self._partitions.values()):
                    await self._catch_up(owned)
                failures = 0
            except Transient as error:
                failures += 1
                _log.warning("the figures wait", topic=self._topic, reason=error.message)
                await asyncio.sleep(_RETRY.delay(failures))
                self._behind.set()
            self._tell()

    async def _compare(self) -> None:
        """Asks where the database stands; who thought that it stands elsewhere has to go on from there."""
        idle = {each: each.counted for each in self._partitions.values() if not each.turn.locked()}
        async with self._database.transaction(snapshot=True) as connection:
            stored = await offsets.read(connection, self._topic)
        for owned, counted in idle.items():
            unmoved = owned.counted == counted and not owned.turn.locked()
            if unmoved and counted != stored.get(owned.number, 0):
                owned.forget()
                owned.counted = stored.get(owned.number, 0)

    async def _ask(self, owned: OwnedPartition[T]) -> None:
        async with self._database.transaction(snapshot=True) as connection:
            stored = await offsets.read(connection, self._topic)
        owned.counted = stored.get(owned.number, 0)

    async def _catch_up(self, owned: OwnedPartition[T]) -> None:
        async with owned.turn:
            if owned.counted is None:
                await self._ask(owned)
            start = owned.counted
        assert start is not None
        stop = min(owned.read, start + _TURN_OFFSETS)
        async with aclosing(self._chunks(owned.number, start, stop)) as chunks:
            async for chunk, end in chunks:
                async with owned.turn:
                    if owned.counted is None or self._partitions.get(owned.number) is not owned:
                        break
                    await self._write_what_can_be(owned, chunk, end)
        if owned.behind and not owned.turn.locked():  # else who has the turn tells
            self._behind.set()

    async def _chunks(
        self, partition: int, start: int, stop: int
    ) -> AsyncGenerator[tuple[list[Record], int], None]:
        """Yields the log's records in batches, each with the offset after it; the last one ends at `stop`."""
        if start >= stop:
            return
        chunk: list[Record] = []
        async with aclosing(self._reader.read(self._topic, partition, start, stop)) as records:
            async for record in records:
                chunk.append(record)
                if len(chunk) == self._batch_records:
                    yield chunk, record.offset + 1
                    chunk = []
        yield chunk, stop

    async def _write_what_can_be(self, owned: OwnedPartition[T], chunk: Sequence[Record], end: int) -> None:
        """Counts the records; one that the database cannot hold is left out, and told."""
        batch = self._decoded(chunk)
        try:
            await self._write(owned, batch, end)
        except Invalid as error:
            await self._ask(owned)
            if len(chunk) <= 1:
                _log.error("cannot be counted", topic=self._topic, offset=end - 1, reason=error.message)
                UNSTORABLE.labels(self._topic).inc()
                await self._write(owned, [], end)
                return
            middle = len(chunk) // 2
            await self._write_what_can_be(owned, chunk[:middle], chunk[middle].offset)
            await self._write_what_can_be(owned, chunk[middle:], end)

    async def _write(self, owned: OwnedPartition[T], batch: Decoded[T], end: int) -> None:
        """One transaction: the figures of the records at or after `counted`, and `end` as the new offset."""
        counted = owned.counted
        assert counted is not None
        if end <= counted:
            return
        fresh = [each for each in batch if each[0].offset >= counted]
        try:
            with AGGREGATION_SECONDS.labels(self._topic).time():
                async with self._database.transaction() as connection:
                    await offsets.lock(connection, self._topic, owned.number, counted)
                    await owned.writer.write(connection, fresh)
                    await offsets.write(connection, self._topic, owned.number, end)
        except BaseException:
            owned.forget()
            raise
        owned.counted = end
        AGGREGATED.labels(self._topic).inc(len(fresh))

    def _decoded(self, records: Sequence[Record]) -> Decoded[T]:
        decoded = []
        for record in records:
            with suppress(Invalid):
                decoded.append((record, self._decode(record)))
        return decoded

    def _tell(self) -> None:
        behind = (max(0, each.read - (each.counted or 0)) for each in self._partitions.values())
        BEHIND.labels(self._topic).set(sum(behind))
