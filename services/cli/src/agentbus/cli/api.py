"""The plan service as a client: REST, and a plan's socket that reconnects. Used by most commands."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import httpx
import websockets

from agentbus.contracts.frames import RECONNECT_CODES
from agentbus.contracts.message import TERMINAL_TYPES
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Invalid, Rejected, Transient

_TIMEOUT_SECONDS: Final = 130.0
_RETRY: Final = Backoff(first_seconds=0.2, limit_seconds=5.0)
_AUDIT_PAGE: Final = 500
_FRAME_MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Api:
    """One system: its origin and the access token."""

    url: str
    token: str

    async def submit(self, body: dict[str, Any], *, wait_seconds: int = 0) -> dict[str, Any]:
        """Starts a plan; with `wait_seconds`, answers at its end or at that limit."""
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        answer: dict[str, Any] = await self._call("POST", "process_request", json=body, headers=headers)
        return answer

    async def plan(self, plan_id: str, *, min_seq: int = 0) -> dict[str, Any]:
        """Returns the plan with all its messages; with `min_seq`, once it is stored up to there."""
        query: dict[str, Any] = {"plan_id": plan_id, **({"min_seq": min_seq} if min_seq else {})}
        body: dict[str, Any] = await self._call("GET", "plan", params=query)
        while (page := await self._page(plan_id, body["messages"])) != []:
            body["messages"] += page
        return body

    async def approve(self, plan_id: str, m_plan_id: str, *, approved: bool, feedback: str = "") -> None:
        """Approves or rejects a plan's steps."""
        body = {"plan_id": plan_id, "m_plan_id": m_plan_id, "approved": approved, "feedback": feedback}
        await self._call("POST", "plan_approval", json=body)

    async def answer(self, plan_id: str, request_id: str, answer: str) -> None:
        """Answers a plan's question."""
        body = {"plan_id": plan_id, "request_id": request_id, "answer": answer}
        await self._call("POST", "user_clarification", json=body)

    async def cancel(self, plan_id: str) -> None:
        """Cancels a plan."""
        await self._call("POST", f"plans/{plan_id}/cancel", json={})

    async def follow(self, plan_id: str, after_seq: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Yields the plan's frames, each message once and in order, over reconnects, up to the plan's end.

        Raises Rejected when the gateway closes for good, and says why.
        """
        tries = 0
        while True:
            try:
                async with self._socket(plan_id, after_seq) as socket:
                    async for text in socket:
                        tries = 0
                        frame = json.loads(text)
                        after_seq = frame["data"].get("seq", after_seq)
                        yield frame
                        if frame["type"] in TERMINAL_TYPES:
                            return
            except websockets.ConnectionClosed as closed:
                _check_close(closed)
            except (OSError, websockets.InvalidHandshake) as error:
                if tries > 20:
                    raise Transient(f"{self.url} does not answer: {error}") from error
            tries += 1
            await asyncio.sleep(_RETRY.delay(tries))

    def _socket(self, plan_id: str, after_seq: int) -> websockets.connect:
        query = httpx.QueryParams({"after_seq": after_seq, "token": self.token})
        url = f"{self.url.replace('http', 'ws', 1)}/api/v3/socket/{plan_id}?{query}"
        return websockets.connect(url, max_size=_FRAME_MAX_BYTES)

    async def _page(self, plan_id: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        after = messages[-1]["seq"] if messages else 0
        body = await self._call("GET", "plan", params={"plan_id": plan_id, "after_seq": after})
        page: list[dict[str, Any]] = body["messages"]
        return page

    async def access(self, method: str, route: str, body: dict[str, Any] | None = None) -> Any:
        """Administers access: returns what `/api/v3/access/{route}` answers, None when that is nothing."""
        return await self._call(method, f"access/{route}", **({"json": body} if body is not None else {}))

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        """Returns the newest `limit` administrative acts of the workspace, newest first."""
        entries, query = list[dict[str, Any]](), {"limit": str(min(limit, _AUDIT_PAGE))}
        while len(entries) < limit:
            response = await self._ask("GET", "access/audit", params=query)
            entries += response.json()
            if "next" not in response.links:
                break
            query = dict(httpx.URL(response.links["next"]["url"]).params)
        return entries[:limit]

    async def _call(self, method: str, route: str, **arguments: Any) -> Any:
        response = await self._ask(method, route, **arguments)
        return response.json() if response.content else None

    async def _ask(self, method: str, route: str, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
            try:
                response = await client.request(
                    method, f"{self.url}/api/v3/{route}", headers=headers, **arguments
                )
            except httpx.HTTPError as error:
                raise Transient(
                    f"{self.url} does not answer ({error}); is it up? `agentbus status`"
                ) from error
        if response.is_error:
            _raise_problem(response)
        return response


def _raise_problem(response: httpx.Response) -> NoReturn:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or problem.get("title") or response.reason_phrase
    fields = [
        f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", []) if "field" in fault
    ]
    message = "; ".join([str(detail), *fields])
    kind = Transient if response.status_code == 503 else Invalid
    raise kind(message, code=problem.get("code"))


def _check_close(closed: websockets.ConnectionClosed) -> None:
    if closed.rcvd is not None and closed.rcvd.code >= 4000 and closed.rcvd.code not in RECONNECT_CODES:
        raise Rejected(f"the gateway closed the socket: {closed.rcvd.reason or closed.rcvd.code}")
