from typing import Any
from uuid import uuid4

import orjson
import pytest
from support.gateway_service import commands, gateway_service, next_frame
from support.messages import message
from support.persister_world import PersisterWorld

pytestmark = pytest.mark.integration

APPROVAL = {
    "type": "plan_approval_request",
    "payload": {"m_plan_id": "mp1", "steps": [], "status": "PENDING_APPROVAL", "context": {}},
}
QUESTION = {
    "type": "user_clarification_request",
    "payload": {"request_id": "q1", "question": "Which?"},
}


async def effect(world: PersisterWorld, asks: dict[str, Any], text: str) -> list[dict[str, Any]]:
    """What one frame puts on agent.commands while a plan waits for an answer."""
    plan_id = str(uuid4())
    await world.publish([message(plan_id, 1), message(plan_id, 2, **asks)])
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        await service.seqs(socket, until=2)
        await socket.send(text)
        await socket.send('{"type":"ping","data":{"n":1}}')
        assert (await next_frame(socket, "pong"))["n"] == 1
        found = await commands(world, plan_id)
    for command in found:
        assert (command["plan_id"], command["workspace_id"], command["user_id"]) == (
            plan_id,
            "default",
            "local",
        )
    return found


def wrapped(kind: str, data: dict[str, Any]) -> list[str]:
    """One frame in all the ways in which clients wrap it."""
    plain = orjson.dumps({"type": kind, "data": data}).decode()
    inner = orjson.dumps({"type": kind, "data": orjson.dumps(data).decode()}).decode()
    outer = orjson.dumps({"type": "message", "data": {"type": kind, "data": data}}).decode()
    return [plain, inner, outer, orjson.dumps(plain).decode(), orjson.dumps({"type": kind, **data}).decode()]


@pytest.mark.parametrize("way", range(5))
async def test_an_approval_is_a_command(world: PersisterWorld, way: int) -> None:
    text = wrapped("plan_approval_response", {"approved": False, "feedback": "später"})[way]
    (command,) = await effect(world, APPROVAL, text)
    assert (command["type"], command["approved"], command["feedback"], command["m_plan_id"]) == (
        "approve_plan",
        False,
        "später",
        "mp1",
    )


async def test_an_answer_is_a_command(world: PersisterWorld) -> None:
    text = wrapped("user_clarification_response", {"answer": "OK"})[0]
    (command,) = await effect(world, QUESTION, text)
    assert (command["type"], command["request_id"], command["answer"]) == ("answer_clarification", "q1", "OK")


@pytest.mark.parametrize(
    "text", ["OK", "yes", '"Approve"', *wrapped("user_clarification_response", {"answer": "approve"})[:2]]
)
async def test_ok_approves_a_plan_that_waits_for_it(world: PersisterWorld, text: str) -> None:
    (command,) = await effect(world, APPROVAL, text)
    assert (command["type"], command["approved"], command["m_plan_id"]) == ("approve_plan", True, "mp1")


async def test_a_connection_check_is_answered(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await world.publish([message(plan_id, 1)])
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        await service.seqs(socket, until=1)
        await socket.send('{"type":"connection_check"}')
        assert (await next_frame(socket, "connection_established"))["last_seq"] == 1


async def test_a_viewer_watches_and_does_not_approve(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await world.publish([message(plan_id, 1, **APPROVAL)])
    async with (
        gateway_service(world) as service,
        service.open(plan_id, token=service.token(role="viewer")) as socket,
    ):
        assert await service.seqs(socket, until=1) == [1]
        await socket.send(wrapped("plan_approval_response", {"approved": True})[0])
        assert (await next_frame(socket, "error_message"))["code"] == "forbidden"
    assert await commands(world, plan_id) == []


async def test_wrong_types_change_nothing(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await world.publish([message(plan_id, 1, **APPROVAL)])
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        for data in ({}, {"approved": "yes"}, {"approved": True, "feedback": 5}):
            await socket.send(wrapped("plan_approval_response", data)[0])
            assert (await next_frame(socket, "error_message"))["code"] == "bad_frame"
    assert await commands(world, plan_id) == []
