"""A workspace whose lock is held keeps nobody of another one waiting, and tells its own in time."""

import asyncio
from uuid import uuid4

import asyncpg
import httpx
import pytest
from support.workspace_world import ROOT, Home, WorkspaceWorld

from agentbus.workspace import turns


async def test_a_busy_workspace_leaves_the_connections_to_others(
    home: Home,
    workspaces: WorkspaceWorld,
    workspace_service: httpx.ASGITransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, client = home
    monkeypatch.setattr(turns, "WAIT_SECONDS", 3.0)
    assert (await client.put(f"{root}/tasks/t0", json={"title": "a"})).status_code == 201
    holder = await asyncpg.connect(workspaces.settings.postgres_url)
    try:
        held = holder.transaction()
        await held.start()
        query = "select 1 from workspace.workspaces where workspace_id = $1 for update"
        assert await holder.fetchval(query, root.rpartition("/")[2]) == 1
        writes = [
            asyncio.create_task(client.put(f"{root}/tasks/t{number}", json={"title": "a"}))
            for number in range(40)
        ]
        other = f"w-{uuid4()}"
        async with workspaces.client(workspace_service, workspace=other) as elsewhere:
            for number in range(5):
                made = await elsewhere.put(f"{ROOT}/{other}/tasks/t{number}", json={"title": "b"})
                assert made.status_code == 201, made.text
        assert not any(write.done() for write in writes)
        done, _ = await asyncio.wait(writes, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        assert {write.result().json()["code"] for write in done} == {"workspace_busy"}
        await held.rollback()
    finally:
        await holder.close()
    answers = await asyncio.gather(*writes)
    assert {answer.status_code for answer in answers} <= {200, 201, 503}
    assert (await client.put(f"{root}/tasks/t0", json={"title": "c"})).status_code == 200
