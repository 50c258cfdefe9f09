"""Plans of the campaign over REST, by a client that tries again until it is told."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from support.eventually import eventually
from support.system import System

AWAY = frozenset({429, 502, 503, 504})
"""Answers that say "later": what a client may be told while a part is away."""
PATIENCE_SECONDS = 120
REQUEST_SECONDS = 15
BEYOND_SEQ = 10**9


class Plans:
    """What the campaign's programs ask of the one origin, over one client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def submit(self, inputs: dict[str, Any]) -> str:
        """Starts a plan; asks again, with the same idempotency key, until it is accepted."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"description": "Talk", "team_id": "scripted", "inputs": inputs}

        async def ask() -> str:
            answer = await self._ok("POST", "/api/v3/process_request", json=body, headers=headers)
            plan_id: str = answer.json()["plan_id"]
            return plan_id

        return await eventually(ask, within=PATIENCE_SECONDS)

    async def completed(self, plan_id: str) -> None:
        """Raises AssertionError unless the plan is completed, as stored, or nobody can tell."""
        query = {"plan_id": plan_id, "after_seq": BEYOND_SEQ}
        answer = await self._ok("GET", "/api/v3/plan", params=query)
        status = answer.json()["plan"]["status"]
        assert status == "completed", f"plan {plan_id} is {status}"

    async def read(self, plan_id: str, after_seq: int) -> httpx.Response:
        """Asks once; raises AssertionError when nobody answers, as while the edge is away."""
        return await self._ask("GET", "/api/v3/plan", params={"plan_id": plan_id, "after_seq": after_seq})

    async def _ok(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._ask(method, path, **options)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, timeout=REQUEST_SECONDS, **options)
        except httpx.TransportError as error:
            raise AssertionError(f"{path}: {error!r}") from error


@asynccontextmanager
async def plans_of(system: System) -> AsyncIterator[Plans]:
    """Opens the client around the block."""
    async with system.client() as client:
        yield Plans(client)
