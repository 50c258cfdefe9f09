"""The WebSocket route, as test_every_route_and_workspace.py has the HTTP ones: no frame without a token or to
another workspace, and of all that clients may send, nothing that a viewer writes."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.gateway_service import GatewayService, close_of, commands, gateway_service, next_frame
from support.messages import message
from support.persister_world import PersisterWorld
from support.watched_world import known_plan
from websockets.exceptions import ConnectionClosed

from agentbus.contracts.frames import COMMANDING_TYPES

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "client_frames"
FRAMES = {path.stem: path.read_text() for path in sorted(EXAMPLES.glob("*.json"))}
ASKS: dict[str, Any] = {
    "type": "plan_approval_request",
    "payload": {"m_plan_id": "m1", "steps": [], "status": "PENDING_APPROVAL", "context": {}},
}


def test_every_writing_frame_has_an_example() -> None:
    assert FRAMES.keys() >= COMMANDING_TYPES


@pytest.mark.parametrize(
    ("credential", "expected"),
    [({"token": None}, 4401), ({"token": "a.b.c"}, 4401), ({"workspace": "elsewhere"}, 4404)],
)
async def test_who_has_no_business_there_sees_no_frame(
    world: PersisterWorld, credential: dict[str, Any], expected: int
) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service:
        workspace = credential.get("workspace")
        query = {"token": service.token(workspace=workspace, role="admin")} if workspace else credential
        async with service.open(plan_id, **query) as socket:
            with suppress(ConnectionClosed):
                for text in FRAMES.values():
                    await socket.send(text)
            code, reason = await close_of(socket)
    assert code == expected
    assert plan_id not in str(reason)
    assert await commands(world, plan_id) == []


def viewer(service: GatewayService) -> dict[str, str]:
    return {"token": service.token(role="viewer")}


@pytest.mark.parametrize("kind", sorted(COMMANDING_TYPES))
async def test_a_viewer_writes_nothing(world: PersisterWorld, kind: str) -> None:
    plan_id = await known_plan(world)
    await world.publish([message(plan_id, 2, **ASKS)])
    async with gateway_service(world) as service, service.open(plan_id, **viewer(service)) as socket:
        await service.seqs(socket, until=2)
        await socket.send(FRAMES[kind])
        refusal = await next_frame(socket, "error_message")
        assert refusal["code"] == "forbidden", orjson.dumps(refusal)
    assert await commands(world, plan_id) == []
