"""Approving, answering, adding, canceling: a command on the bus, from who may, while it has an effect."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.messages import message
from support.plans_world import PlansWorld, plan_messages

from agentbus.bus.codec import encode
from agentbus.chassis.auth import Role
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.topics import PLANS


def routes(plan_id: str) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "approve": (
            "/api/v3/plan_approval",
            {"plan_id": plan_id, "m_plan_id": "m1", "approved": True, "feedback": "go"},
        ),
        "clarify": (
            "/api/v3/user_clarification",
            {"plan_id": plan_id, "m_plan_id": "", "request_id": "q1", "answer": "green"},
        ),
        "message": (
            "/api/v3/agent_message",
            {
                "plan_id": plan_id,
                "agent": "Ann",
                "agent_type": "Human_Agent",
                "content": "Hi",
                "raw_data": "{}",
            },
        ),
        "cancel": (f"/api/v3/plans/{plan_id}/cancel", {"reason": "enough"}),
    }


COMMANDS: dict[str, dict[str, Any]] = {
    "approve": {"type": "approve_plan", "m_plan_id": "m1", "approved": True, "feedback": "go"},
    "clarify": {"type": "answer_clarification", "request_id": "q1", "answer": "green"},
    "message": {
        "type": "add_message",
        "agent_name": "Ann",
        "agent_type": "Human_Agent",
        "content": "Hi",
        "is_final": False,
        "raw_data": "{}",
        "streaming_message": "",
    },
    "cancel": {"type": "cancel_plan", "reason": "enough"},
}
each_route = pytest.mark.parametrize("route", COMMANDS)


async def running_plan(plans: PlansWorld) -> str:
    plan_id = str(uuid4())
    await plans.store(plan_messages(plan_id)[:3])
    return plan_id


@each_route
async def test_a_command_is_on_the_bus(plans: PlansWorld, client: httpx.AsyncClient, route: str) -> None:
    plan_id = await running_plan(plans)
    path, body = routes(plan_id)[route]
    response = await client.post(path, json={**body, "unknown": [1]})
    assert response.status_code == 200, response.text
    (command,) = await plans.commands(plan_id)
    who = {"user_id": "ann", "workspace_id": "default", "plan_id": plan_id}
    expected = {**COMMANDS[route], **who}
    assert {key: command[key] for key in expected} == expected
    assert response.json() == {
        "status": "accepted",
        "plan_id": plan_id,
        "command_id": command["command_id"],
    }


@each_route
async def test_a_repeated_key_is_the_same_command(
    plans: PlansWorld, client: httpx.AsyncClient, route: str
) -> None:
    plan_id = await running_plan(plans)
    path, body = routes(plan_id)[route]
    answers = [await client.post(path, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (await client.post(path, json=body)).json() != answers[0].json()


@each_route
async def test_right_after_the_submission(client: httpx.AsyncClient, plans: PlansWorld, route: str) -> None:
    plan_id = (await client.post("/api/v3/process_request", json={"description": "x"})).json()["plan_id"]
    path, body = routes(plan_id)[route]
    assert (await client.post(path, json=body)).status_code == 200
    assert len(await plans.commands(plan_id)) == 2


@each_route
async def test_unknown_plans(client: httpx.AsyncClient, route: str) -> None:
    path, body = routes("no-such-plan")[route]
    response = await client.post(path, json=body)
    assert (response.status_code, response.json()["code"]) == (404, "unknown_plan")


@each_route
async def test_another_workspaces_plan(plans: PlansWorld, service: httpx.ASGITransport, route: str) -> None:
    plan_id = await running_plan(plans)
    path, body = routes(plan_id)[route]
    async with plans.client(service, workspace="elsewhere") as stranger:
        response = await stranger.post(path, json=body)
    assert (response.status_code, response.json()["code"]) == (404, "unknown_plan")
    assert await plans.commands(plan_id) == []


@each_route
async def test_viewers(plans: PlansWorld, service: httpx.ASGITransport, route: str) -> None:
    path, body = routes(await running_plan(plans))[route]
    async with plans.client(service, role=Role.VIEWER) as viewer:
        response = await viewer.post(path, json=body)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


@each_route
async def test_a_plan_that_has_ended(plans: PlansWorld, client: httpx.AsyncClient, route: str) -> None:
    plan_id = str(uuid4())
    await plans.store(plan_messages(plan_id))
    path, body = routes(plan_id)[route]
    response = await client.post(path, json=body)
    if route == "message":
        assert response.status_code == 200
    else:
        assert (response.status_code, response.json()["code"]) == (409, "plan_ended")
        assert await plans.commands(plan_id) == []


async def test_a_plan_is_found_by_what_is_to_be_approved(
    plans: PlansWorld, client: httpx.AsyncClient
) -> None:
    plan_id, m_plan_id = str(uuid4()), str(uuid4())
    asks = message(plan_id, 2, type="plan_approval_request", payload={"m_plan_id": m_plan_id, "steps": []})
    await plans.store([plan_messages(plan_id)[0], asks])
    body = {"m_plan_id": m_plan_id, "approved": False, "feedback": None}
    assert (await client.post("/api/v3/plan_approval", json=body)).json()["plan_id"] == plan_id
    body["m_plan_id"] = "no-such"
    assert (await client.post("/api/v3/plan_approval", json=body)).status_code == 404
    assert (await client.post("/api/v3/plan_approval", json={"approved": True})).status_code == 404


async def test_cancel_needs_no_body(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    response = await client.post(f"/api/v3/plans/{await running_plan(plans)}/cancel")
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        ("approve", {"approved": "yes"}),
        ("approve", {"approved": None}),
        ("approve", {"feedback": 7}),
        ("clarify", {"answer": None}),
        ("clarify", {"answer": "x" * 262_145}),
        ("message", {"content": None}),
        ("message", {"plan_id": ""}),
        ("message", {"agent": 1}),
        ("message", {"raw_data": {"n": 2**70}}),
        ("cancel", {"reason": []}),
        ("message", {"plan_id": "a\0b"}),
    ],
)
async def test_bad_commands(
    plans: PlansWorld, client: httpx.AsyncClient, route: str, fault: dict[str, Any]
) -> None:
    plan_id = await running_plan(plans)
    path, body = routes(plan_id)[route]
    response = await client.post(path, json={**body, **fault})
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert await plans.commands(plan_id) == []


async def logged_plan(plans: PlansWorld, messages: list[dict[str, Any]], workspace: str = "default") -> str:
    """What a runner has put on the bus of a plan, and no persister has stored."""
    plan_id: str = messages[0]["plan_id"]
    start = StartPlan(
        command_id="c",
        plan_id=plan_id,
        workspace_id=workspace,
        user_id="ann",
        issued_at=messages[0]["timestamp"],
        session_id="s",
        description="Do it",
        team_id="review",
        require_hitl=False,
        inputs={},
        request_hash="",
        expires_at=messages[0]["timestamp"],
    )
    record = PlanRecord(start=start, state="in_flight", messages_offset=0, updated_at=start.issued_at)
    await plans.producer.send(PLANS, plan_id, encode(record), schema="plan_record.v1")
    await plans.publish(messages)
    return plan_id


@each_route
async def test_agents_can_be_steered_with_the_database_away(
    plans: PlansWorld, no_database: httpx.AsyncClient, route: str
) -> None:
    plan_id = await logged_plan(plans, plan_messages(str(uuid4()))[:3])
    path, body = routes(plan_id)[route]
    response = await no_database.post(path, json=body)
    assert response.status_code == 200, response.text
    (command,) = await plans.commands(plan_id)
    assert COMMANDS[route].items() <= command.items()


async def test_the_log_tells_what_the_database_would(
    plans: PlansWorld, no_database: httpx.AsyncClient
) -> None:
    ended = await logged_plan(plans, plan_messages(str(uuid4())))
    foreign = await logged_plan(plans, plan_messages(str(uuid4()), workspace_id="w2")[:3], workspace="w2")
    for plan_id, status in [(ended, 409), (foreign, 404), (str(uuid4()), 404)]:
        path, body = routes(plan_id)["cancel"]
        assert (await no_database.post(path, json=body)).status_code == status
    path, body = routes(ended)["message"]
    assert (await no_database.post(path, json=body)).status_code == 200
