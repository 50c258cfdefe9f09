"""A plan is read by index, however many others are stored (A3.1, "100 times the data")."""

from contextlib import closing
from uuid import uuid4

import asyncpg
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
