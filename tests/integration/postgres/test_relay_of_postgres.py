"""The relay: committed records alone, in order, at least once, by one leader at a time, whoever ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from support.eventually import eventually

from agentbus.kernel.errors import Transient
from agentbus.postgres import outbox
from agentbus.postgres.database import Database
from agentbus.postgres.outbox import Outbox, Pending
from agentbus.postgres.relay import Relay

OUTBOX = Outbox("public")


class Bus:
    """What was published; can be away, and can be told to wait before it says that it has a batch."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.away = 0
        self.slow = asyncio.Event()
        self.slow.set()

    async def publish(self, records: Sequence[Pending]) -> None:
        if self.away:
            self.away -= 1
            raise Transient("away")
        self.values += [record.value for record in records]
        await self.slow.wait()

    def has(self, *expected: int) -> None:
        assert self.values == [b"%d" % number for number in expected]


@pytest.fixture
async def bus(database: Database) -> Bus:
    async with database.transaction() as connection:
        await connection.execute(outbox.TABLE)
    return Bus()


@asynccontextmanager
async def relayed(database: Database, bus: Bus) -> AsyncIterator[None]:
    run = asyncio.create_task(Relay(database, OUTBOX, bus.publish).run())
    try:
        yield
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def append(database: Database, *numbers: int) -> None:
    async with database.transaction() as connection:
        await OUTBOX.append(connection, [("key", b"%d" % number) for number in numbers])


async def left(database: Database) -> int:
    async with database.transaction(snapshot=True) as connection:
        return int(await connection.fetchval("select count(*) from public.outbox"))


async def all_sent(database: Database) -> None:
    assert await left(database) == 0


async def end_leader(database: Database) -> None:
    """As if the leader's machine were gone."""
    async with database.transaction() as connection:
        ended = await connection.fetch(
            "select pg_terminate_backend(pid) from pg_locks join pg_database d on d.oid = database "
            "where locktype = 'advisory' and d.datname = current_database()"
        )
    assert len(ended) == 1


async def test_committed_records_are_published_in_order_and_others_never(
    database: Database, bus: Bus
) -> None:
    await append(database, 1, 2)
    async with relayed(database, bus):
        await eventually(lambda: bus.has(1, 2), within=20)
        with pytest.raises(RuntimeError, match="taken back"):
            async with database.transaction() as connection:
                await OUTBOX.append(connection, [("key", b"99")])
                raise RuntimeError("taken back")
        await append(database, 3)
        await eventually(lambda: bus.has(1, 2, 3), within=3)  # woken: sooner than it would look by itself
        await eventually(lambda: all_sent(database), within=10)


async def test_the_bus_may_be_away(database: Database, bus: Bus) -> None:
    bus.away = 4
    async with relayed(database, bus):
        await append(database, 1)
        await append(database, 2)
        await eventually(lambda: bus.has(1, 2), within=30)


async def test_what_was_published_and_not_noted_is_published_again(database: Database, bus: Bus) -> None:
    bus.slow.clear()
    async with relayed(database, bus):
        await append(database, 1, 2)
        await eventually(lambda: bus.has(1, 2), within=20)
        await end_leader(database)
        bus.slow.set()
        await eventually(lambda: bus.has(1, 2, 1, 2), within=20)
        await eventually(lambda: all_sent(database), within=10)


async def test_one_leads_and_another_takes_over(database: Database, bus: Bus) -> None:
    async with relayed(database, bus), relayed(database, bus), relayed(database, bus):
        for number in range(30):
            await append(database, number)
            if number % 10 == 5:
                await eventually(lambda: all_sent(database), within=30)
                await end_leader(database)
        await eventually(lambda: all_sent(database), within=30)
    firsts = list(dict.fromkeys(bus.values))
    assert firsts == [b"%d" % number for number in range(30)]


async def test_large_records_go_one_by_one(database: Database, bus: Bus) -> None:
    batches: list[int] = []

    async def publish(records: Sequence[Pending]) -> None:
        batches.append(len(records))

    async with database.transaction() as connection:
        await OUTBOX.append(connection, [("key", b"x" * 3_000_000)] * 3)
    run = asyncio.create_task(Relay(database, OUTBOX, publish).run())
    await eventually(lambda: all_sent(database), within=30)
    run.cancel()
    assert batches == [2, 1]
