"""All that a browser may hold is imported: 5,000 tasks, 5 MB, as the middleware writes it now (E1)."""

import time
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import httpx
import pytest
from support.importing import Importing
from support.workspace_world import ROOT, WorkspaceWorld
from support.zustand_dump import recorded, written

QUOTA_CHARACTERS = 5 * 1024 * 1024


@pytest.fixture
async def client(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport
) -> AsyncIterator[Importing]:
    name = f"w-{uuid4()}"
    async with workspaces.client(workspace_service, workspace=name) as http:
        yield Importing(f"{ROOT}/{name}", http)


def test_the_recorded_data_is_what_the_middleware_writes() -> None:
    assert written() == recorded()


async def test_five_thousand_tasks_in_five_megabytes(client: Importing, tell: Callable[[str], None]) -> None:
    dump = written(tasks=5_000, environments=5, words=22)
    size = sum(len(raw) for raw in dump.values.values())
    assert 0.9 * QUOTA_CHARACTERS < size <= QUOTA_CHARACTERS
    begun = time.perf_counter()
    told = await client.send(dump.sent)
    seconds = time.perf_counter() - begun
    assert told["counts"]["imported"] == dump.count == 5_006
    assert (await client.confirm(told, dump)).json()["state"] == "confirmed"
    assert await client.seq() == 5_006
    tell(f"{dump.count} items, {size / 1e6:.1f} MB imported in {seconds:.1f} s")


async def test_one_task_of_three_megabytes(client: Importing) -> None:
    long = "é🛠" * 500_000
    told = await client.send({"tasks": f'[{{"id":"t1","title":"{long}"}}]'})
    assert (await client.confirm(told)).json()["state"] == "confirmed"
    assert (await client.stored())[0]["title"] == long
