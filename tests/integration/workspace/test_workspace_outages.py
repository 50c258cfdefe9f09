"""PostgreSQL killed while clients write, Kafka frozen: what was acknowledged is there, nothing is twice,
numbers have no gap, and all is published when it can be (B1.5, decision 0024)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.eventually import eventually
from support.stack import stack_home
from support.workspace_world import ROOT, WorkspaceWorld, workspace_world

from agentbus.embedded.stack import Stack


@pytest.fixture(scope="module")
async def own_stack() -> AsyncIterator[Stack]:
    with stack_home() as home:
        async with Stack(home=home, parts=["kafka", "postgres"]) as stack:
            yield stack


@pytest.fixture(scope="module")
async def world(own_stack: Stack) -> AsyncIterator[WorkspaceWorld]:
    bootstrap, url = own_stack.kafka_bootstrap, own_stack.postgres_url
    async with workspace_world(bootstrap, url, f"t{uuid4().hex[:10]}.") as world:
        yield world


async def written(client: httpx.AsyncClient, root: str, number: int) -> bool:
    """Writes a task; 200: it was stored before, by a try whose answer was lost with the database."""
    answer = await client.put(f"{root}/tasks/t{number}", json={"title": str(number)})
    assert answer.status_code in (200, 201, 503), answer.text
    return answer.status_code != 503


async def history(client: httpx.AsyncClient, root: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{root}/history", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()
    return entries[::-1]


async def all_published(world: WorkspaceWorld, workspace: str, count: int) -> None:
    firsts = dict.fromkeys(each["seq"] for each in await world.published(workspace))
    assert list(firsts) == list(range(1, count + 1))


async def test_postgres_is_killed_while_clients_write(own_stack: Stack, world: WorkspaceWorld) -> None:
    workspace = f"w-{uuid4()}"
    root = f"{ROOT}/{workspace}"
    async with world.service() as service, world.client(service, workspace=workspace) as client:
        acknowledged: set[int] = set()
        stop = asyncio.Event()

        async def write(start: int) -> None:
            number = start
            while not stop.is_set():
                if await written(client, root, number):
                    acknowledged.add(number)
                    number += 4

        writers = [asyncio.create_task(write(start)) for start in range(4)]
        for _ in range(2):
            before = len(acknowledged)

            async def goes_on(before: int = before) -> None:
                assert len(acknowledged) >= before + 20

            await eventually(goes_on, within=60)
            await own_stack.kill("postgres")
            await own_stack.ready("postgres")
        before = len(acknowledged)
        await eventually(goes_on, within=60)
        stop.set()
        await asyncio.gather(*writers)

        entries = await history(client, root)
        assert [each["seq"] for each in entries] == list(range(1, len(entries) + 1))
        made = Counter(each["id"] for each in entries if each["action"] == "created")
        assert {f"t{number}" for number in acknowledged} <= made.keys()
        assert set(made.values()) == {1}
        await eventually(lambda: all_published(world, workspace, len(entries)), within=60)


async def test_kafka_is_frozen_and_changes_go_on(own_stack: Stack, world: WorkspaceWorld) -> None:
    workspace = f"w-{uuid4()}"
    root = f"{ROOT}/{workspace}"
    async with world.service() as service, world.client(service, workspace=workspace) as client:
        assert await written(client, root, 0)
        await own_stack.suspend("kafka")
        try:
            for number in range(1, 20):
                assert await written(client, root, number)
            pulled = await client.get(f"{root}/sync/tasks/pull")
            assert pulled.json()["checkpoint"] == {"seq": 20}
        finally:
            await own_stack.resume("kafka")
        await eventually(lambda: all_published(world, workspace, 20), within=90)


async def test_the_service_starts_before_postgres(own_stack: Stack, world: WorkspaceWorld) -> None:
    workspace = f"w-{uuid4()}"
    await own_stack.stop("postgres")
    starting = asyncio.create_task(first_write(world, workspace))
    try:
        done, _ = await asyncio.wait([starting], timeout=2)
        assert not done
    finally:
        await own_stack.start("postgres")
    assert await starting


async def first_write(world: WorkspaceWorld, workspace: str) -> bool:
    async with world.service() as service, world.client(service, workspace=workspace) as client:
        return await written(client, f"{ROOT}/{workspace}", 1)


async def test_a_document_of_the_largest_size_goes_all_the_way(world: WorkspaceWorld) -> None:
    workspace = f"w-{uuid4()}"
    async with world.service() as service, world.client(service, workspace=workspace) as client:
        body = {"title": "large", "messages": [{"text": "x" * 5_900_000}]}
        assert (await client.put(f"{ROOT}/{workspace}/tasks/t1", json=body)).status_code == 201
        await eventually(lambda: all_published(world, workspace, 1), within=60)
