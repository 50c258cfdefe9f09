"""A plan is read by index, however many others there are, a page by itself (A3.1, "100 times the data")."""

from contextlib import closing
from typing import Any
from uuid import uuid4

import asyncpg
import psutil
import pytest
from support.eventually import eventually
from support.own_database import own_database

from agentbus.embedded import ferretdb, ferretdb_indexes
from agentbus.embedded.stack import Stack
from agentbus.mongo.client import Database, connect
from agentbus.mongo.messages import MessageStore
from agentbus.mongo.plans import COLLECTION, PlanStore

__all__ = ["own_database"]

PLANS, MESSAGES, READS = 2_000, 10, 20
SCANNED = "select seq_tup_read from pg_stat_user_tables where relname like $1 and schemaname = $2"
BY_INDEX = """
select idx_scan from pg_stat_user_indexes
    where indexrelname like $1 || '%\\_equal\\_' || $2 and schemaname = $3
"""


async def fill(database: Database) -> list[str]:
    store, plans = MessageStore(database), PlanStore(database)
    await store.ensure_indexes()
    await plans.ensure_indexes()
    plan_ids = [str(uuid4()) for _ in range(PLANS)]
    said = [
        {"message_id": f"{plan_id}/{seq}", "plan_id": plan_id, "seq": seq, "attempt": 1}
        for plan_id in plan_ids
        for seq in range(MESSAGES)
    ]
    await store.append(said)
    kept = {"workspace_id": "w", "status": "completed", "last_seq": MESSAGES}
    await database.collection(COLLECTION).insert_many([{"_id": each, **kept} for each in plan_ids])
    return plan_ids


async def check_reads(stack: Stack, database: Database, name: str, plan_ids: list[str]) -> None:
    messages, plans = MessageStore(database), PlanStore(database)
    connection = await asyncpg.connect(stack.postgres_url.replace("/postgres?", f"/{ferretdb.DATABASE}?"))
    try:
        await connection.execute("analyze")
        before = await scanned(connection, name)
        for plan_id in plan_ids[:READS]:
            assert len(await messages.read(plan_id)) == MESSAGES
            assert await plans.get(plan_id) is not None

        async def by_index() -> None:
            for collection, field in (("messages", "plan_id"), ("plans", "_id")):
                assert await connection.fetchval(BY_INDEX, collection, field, name) >= READS

        await eventually(by_index, within=30)
        assert await scanned(connection, name) == before
    finally:
        await connection.close()


async def scanned(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> list[int]:
    return [await connection.fetchval(SCANNED, f"{each}%", name) for each in ("messages", "plans")]


async def test_a_plan_is_read_by_index(own_database: Stack) -> None:
    with closing(connect(own_database.mongo_url, "fresh")) as database:
        await check_reads(own_database, database, "fresh", await fill(database))


async def test_what_was_stored_before_is_indexed_too(own_database: Stack) -> None:
    address = own_database.postgres_url.replace("/postgres?", f"/{ferretdb.DATABASE}?")
    connection = await asyncpg.connect(address)
    await connection.execute("drop event trigger index_new_collection")
    await connection.close()
    with closing(connect(own_database.mongo_url, "older")) as database:
        plan_ids = await fill(database)
        await ferretdb_indexes.ensure_indexes(address)
        await check_reads(own_database, database, "older", plan_ids)


def said(plan_id: str, messages: int) -> list[dict[str, Any]]:
    content = "What an agent says. " * 20
    return [
        {"message_id": f"{plan_id}/{seq}", "plan_id": plan_id, "seq": seq, "content": content}
        for seq in range(1, messages + 1)
    ]


async def test_a_page_costs_as_much_in_a_long_plan_as_in_a_short_one(own_database: Stack) -> None:
    with closing(connect(own_database.mongo_url, "pages")) as database:
        store = MessageStore(database)
        for plan_id, messages in (("short", 150), ("long", 5_000)):
            await store.append(said(plan_id, messages))
        ferret = psutil.Process(await own_database.pid("ferretdb"))

        async def bytes_read(plan_id: str, after_seq: int) -> int:
            """What FerretDB takes in, mostly from PostgreSQL, for one page."""
            before = ferret.io_counters().read_chars
            page = await store.read(plan_id, after_seq, 50)
            assert [each["seq"] for each in page] == list(range(after_seq + 1, after_seq + 51))
            return int(ferret.io_counters().read_chars - before)

        await bytes_read("short", 50)  # what it reads once of a collection
        reference = await bytes_read("short", 50)
        assert reference > 50 * 400
        for after_seq in (0, 2_500, 4_950):
            assert await bytes_read("long", after_seq) < 2 * reference


async def test_messages_behind_a_hole_are_found(own_database: Stack) -> None:
    with closing(connect(own_database.mongo_url, "holes")) as database:
        store = MessageStore(database)
        kept = [each for each in said("p", 300) if not 20 < each["seq"] <= 250]
        await store.append(kept)
        assert await store.read("p", 10, 15) == kept[10:25]
        assert await store.read("p", 10, 100) == kept[10:]


@pytest.mark.parametrize(
    ("comparison", "found"),
    [
        ({"$gt": 5}, [2, 3, 4]),
        ({"$gte": 5}, [1, 2, 3, 4]),
        ({"$lt": 5}, [0, 4]),
        ({"$lte": 5}, [0, 1, 4]),
        ({"$gt": 2, "$lt": 6}, [1, 2, 4]),
        ({"$gt": 5.2}, [2, 3, 4]),
        ({"$gt": "4"}, [5]),
    ],
)
async def test_a_range_finds_what_mongodb_finds(
    own_database: Stack, comparison: dict[str, Any], found: list[int]
) -> None:
    values = [1, 5, 5.5, 2**40, [1, 9], "5", True, None, {"a": 7}, []]
    with closing(connect(own_database.mongo_url, f"ranges{uuid4().hex[:8]}")) as database:
        collection = database.collection("values")
        await collection.insert_many([{"_id": place, "v": value} for place, value in enumerate(values)])
        await collection.insert_one({"_id": len(values)})
        documents = await collection.find({"v": comparison}).to_list(None)
        assert sorted(each["_id"] for each in documents) == found
