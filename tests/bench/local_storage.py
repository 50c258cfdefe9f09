"""How long the import of a full localStorage takes (5,000 tasks, 5 MB), beside PostgreSQL alone.

Ours: from the request to the report, over HTTP in this process: read, judged, searched for secrets, written
as documents, audit rows and outbox rows in one transaction, and read back. The reference writes the same
texts into one table by `executemany`, committed. They take turns.
"""

import time
from statistics import median
from uuid import uuid4

import asyncpg
import httpx
from bench.row import Row
from support.importing import Importing
from support.stack import Infra
from support.workspace_world import ROOT, WorkspaceWorld, workspace_world
from support.zustand_dump import LocalStorageDump, written

ROUNDS, TARGET_SECONDS = 3, 10.0


async def measure(stack: Infra, *, tasks: int = 5_000, rounds: int = ROUNDS) -> list[Row]:
    """Returns the seconds of an import, with those of bare inserts as its reference."""
    dump = written(tasks=tasks, environments=5, words=22)
    ours, bare = [], []
    async with (
        workspace_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace()) as world,
        world.service() as service,
    ):
        for _ in range(rounds):
            ours.append(await _import(world, service, dump))
            bare.append(await _inserts(world, dump))
    seconds = median(ours)
    return [
        Row(
            name=f"import of {tasks:,} tasks, {sum(map(len, dump.values.values())) / 1e6:.1f} MB",
            value=seconds,
            unit="s",
            reference_name="s for bare inserts",
            reference_value=median(bare),
            ratio=seconds / median(bare),
            target=f"≤ {TARGET_SECONDS:g} s",
            met=seconds <= TARGET_SECONDS,
        )
    ]


async def _import(world: WorkspaceWorld, service: httpx.ASGITransport, dump: LocalStorageDump) -> float:
    name = f"w-{uuid4()}"
    async with world.client(service, workspace=name) as http:
        client = Importing(f"{ROOT}/{name}", http)
        began = time.perf_counter()
        told = await client.send(dump.sent)
        seconds = time.perf_counter() - began
        assert told["counts"]["imported"] == dump.count
        assert (await client.confirm(told, dump)).status_code == 200
    return seconds


async def _inserts(world: WorkspaceWorld, dump: LocalStorageDump) -> float:
    rows = [(number, text) for number, text in enumerate(dump.sent["task-store"].split('},{"id":'))]
    connection = await asyncpg.connect(world.settings.postgres_url)
    try:
        await connection.execute("create table bare (number bigint primary key, document text not null)")
        began = time.perf_counter()
        async with connection.transaction():
            await connection.executemany("insert into bare values ($1, $2)", rows)
        seconds = time.perf_counter() - began
        await connection.execute("drop table bare")
    finally:
        await connection.close()
    return seconds
