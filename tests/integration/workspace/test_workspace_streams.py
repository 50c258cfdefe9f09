"""The stream tells changes of its collection in order, `RESYNC` first, and again to those who are too slow
(compatibility.md section 3)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.eventually import eventually
from support.served import served
from support.workspace_world import ROOT, WorkspaceWorld

from agentbus.workspace.app import build


@pytest.fixture(scope="module")
async def port(workspaces: WorkspaceWorld) -> AsyncIterator[int]:
    """A service on a port: ASGITransport gives an answer only when it is whole."""
    settings = workspaces.settings.model_copy(update={"stream_limit_bytes": 20_000})
    async with served(build(settings), settings) as port:
        yield port


@asynccontextmanager
async def client_of(
    workspaces: WorkspaceWorld, port: int, workspace: str
) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {workspaces.token(workspace=workspace)}"}
    address = f"http://127.0.0.1:{port}{ROOT}/{workspace}"
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:

        async def ready() -> None:
            assert (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200

        await eventually(ready, within=60)
        yield client


async def events(answer: httpx.Response) -> AsyncIterator[Any]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_changes_come_in_order_after_resync(workspaces: WorkspaceWorld, port: int) -> None:
    async with (
        client_of(workspaces, port, f"w-{uuid4()}") as client,
        client.stream("GET", "/sync/tasks/stream") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = events(answer)
        assert await anext(found) == "RESYNC"
        await client.put("/environments/e1", json={"name": "of another collection"})
        await asyncio.gather(*(client.put(f"/tasks/t{n}", json={"title": "x"}) for n in range(10)))
        async with asyncio.timeout(30):
            told = [await anext(found) for _ in range(10)]
        assert [each["checkpoint"]["seq"] for each in told] == list(range(2, 12))
        pulled = (await client.get("/sync/tasks/pull")).json()["documents"]
        assert [each["documents"][0] for each in told] == pulled


async def test_who_is_too_slow_is_told_to_pull(workspaces: WorkspaceWorld, port: int) -> None:
    async with (
        client_of(workspaces, port, f"w-{uuid4()}") as client,
        client.stream("GET", "/sync/tasks/stream") as answer,
    ):
        found = events(answer)
        assert await anext(found) == "RESYNC"
        await client.put("/tasks/t1", json={"title": "x" * 30_000})
        async with asyncio.timeout(30):
            assert await anext(found) == "RESYNC"
