"""A client written for the API family works unchanged: submit, connect, approve, receive (A4).

It knows neither tokens nor sequence numbers, so it talks to services that let it in without.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import websockets
from support.system import System, environment


class OldClient:
    """What such a front end does, reading only the fields that it always read."""

    def __init__(self, api: str, sockets: str) -> None:
        self._api = api
        self._sockets = sockets

    async def run(self, description: str) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self._api, timeout=30) as client:
            body = {
                "description": description,
                "team_id": "scripted",
                "require_hitl": True,
                "inputs": {"ask": True},
            }
            response = await client.post("/api/v3/process_request", json=body)
            assert response.status_code == 200
            plan_id = response.json()["plan_id"]
        return await self._follow(plan_id)

    async def _follow(self, plan_id: str) -> dict[str, Any]:
        seen: list[str] = []
        async with websockets.connect(f"{self._sockets}/api/v3/socket/{plan_id}?user_id=someone") as socket:
            await socket.send(json.dumps({"type": "ping"}))
            async for text in socket:
                frame = json.loads(text)
                seen.append(frame["type"])
                data = frame["data"]
                if frame["type"] == "plan_approval_request":
                    assert data["status"] == "PENDING_APPROVAL"
                    assert data["steps"][0]["description"]
                    answer = {"approved": True, "feedback": "", "m_plan_id": data["m_plan_id"]}
                    await socket.send(json.dumps({"type": "plan_approval_response", "data": answer}))
                if frame["type"] == "user_clarification_request":
                    assert data["question"] == "Which colour?"
                    answer = {"answer": "green", "request_id": data["request_id"]}
                    reply = {"type": "user_clarification_response", "data": answer}
                    await socket.send(json.dumps(json.dumps(reply)))  # double-wrapped, as some do
                if frame["type"] == "final_result_message":
                    return {"seen": seen, **data}
        raise AssertionError(f"the socket ended without a result after {seen}")


@pytest.fixture
async def old_client(system: System) -> AsyncIterator[OldClient]:
    open_to_loopback = {**environment(), "AGENTBUS_AUTH": "none"}
    await system.stack.start("plans-2", open_to_loopback)
    await system.stack.start("gateway-2", open_to_loopback)
    api, sockets = system.stack.port("plans-2"), system.stack.port("gateway-2-socket")
    yield OldClient(f"http://127.0.0.1:{api}", f"ws://127.0.0.1:{sockets}")
    await system.stack.stop("gateway-2")
    await system.stack.stop("plans-2")


async def test_submit_connect_approve_and_receive(old_client: OldClient) -> None:
    result = await old_client.run("Paint it")
    assert result["content"] == "done green"
    assert result["status"] == "completed"
    assert result["timestamp"]
    assert "pong" in result["seen"]
    assert result["seen"][0] == "connection_established"
