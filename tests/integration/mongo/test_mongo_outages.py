import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from support.eventually import eventually
from support.messages import message

from agentbus.embedded.stack import Stack
from agentbus.kernel.errors import Transient
from agentbus.mongo.client import Database, connect
from agentbus.mongo.messages import AppendResult, MessageStore
from agentbus.mongo.plans import PlanStore

pytestmark = pytest.mark.integration


@pytest.fixture
async def database(own_database: Stack) -> AsyncIterator[Database]:
    database = connect(own_database.mongo_url, "outages", selection_seconds=1.0, call_seconds=2.0)
    await MessageStore(database).ensure_indexes()
    await PlanStore(database).ensure_indexes()
    yield database
    database.close()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


async def fails_soon(database: Database) -> None:
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: MessageStore(database).append([message("p", 1)]),
        lambda: MessageStore(database).read("p"),
        lambda: PlanStore(database).get("p"),
        database.ping,
    ]
    for call in calls:
        with within(5), pytest.raises(Transient):
            await call()


async def works_again(database: Database) -> None:
    async def ping() -> None:
        try:
            await database.ping()
        except Transient as error:
            raise AssertionError(str(error)) from error

    await eventually(ping, within=20)
    plan_id = str(uuid4())
    assert await MessageStore(database).append([message(plan_id, 1)]) == AppendResult(inserted=1)


@pytest.mark.parametrize("program", ["ferretdb", "postgres"])
async def test_a_database_that_hangs_is_away_within_seconds(
    own_database: Stack, database: Database, program: str
) -> None:
    await own_database.suspend(program)
    try:
        await fails_soon(database)
    finally:
        await own_database.resume(program)
    await works_again(database)


async def test_a_database_that_was_killed_is_away_and_comes_back(
    own_database: Stack, database: Database
) -> None:
    await own_database.kill("ferretdb", restart=False)
    await fails_soon(database)
    await own_database.start("ferretdb")
    await works_again(database)


async def test_a_killed_postgres_behind_the_database_is_away_and_comes_back(
    own_database: Stack, database: Database
) -> None:
    await own_database.kill("postgres", restart=False)
    await fails_soon(database)
    await own_database.start("postgres")
    await works_again(database)


async def test_nothing_need_be_up_to_begin_with() -> None:
    database = connect("mongodb://127.0.0.1:1", "nowhere", selection_seconds=0.2)
    try:
        await fails_soon(database)
    finally:
        database.close()
