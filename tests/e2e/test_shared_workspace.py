"""Through the edge: what one client changes another is told at once and finds as it is; the stream is not
held back by a proxy (B1.1, B1.4, B2.1)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
from support.system import System

ROOT = "/api/v3/workspaces/default"


async def events(answer: httpx.Response) -> AsyncIterator[Any]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_a_change_reaches_another_client_over_the_edge(system: System) -> None:
    async with (
        system.client() as ann,
        system.client() as ben,
        ben.stream("GET", f"{ROOT}/sync/tasks/stream") as stream,
    ):
        assert stream.status_code == 200
        told = events(stream)
        assert await anext(told) == "RESYNC"
        task_id = str(uuid4())
        made = await ann.put(f"{ROOT}/tasks/{task_id}", json={"title": "Mend it", "status": "IN_PROGRESS"})
        assert made.status_code == 201, made.text
        async with asyncio.timeout(30):
            while (event := await anext(told))["documents"][0]["id"] != task_id:
                pass
        assert event["documents"] == [made.json()]
        headers = {"If-Match": made.headers["etag"]}
        done = await ann.patch(f"{ROOT}/tasks/{task_id}", json={"status": "DONE"}, headers=headers)
        assert (await ben.get(f"{ROOT}/tasks/{task_id}")).json() == done.json()
        history = await ben.get(f"{ROOT}/history", params={"id": task_id})
        assert [each["action"] for each in history.json()] == ["updated", "created"]
