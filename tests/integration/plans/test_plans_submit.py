"""Submitting: on the bus or refused, once a key, and found at once."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.plans_world import PlansWorld, plan_messages

from agentbus.chassis.auth import Role
from agentbus.contracts.commands import COMMAND, StartPlan
from agentbus.contracts.topics import COMMANDS

SUBMIT = "/api/v3/process_request"


async def submit(client: httpx.AsyncClient, key: str | None = None, **fields: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    response = await client.post(SUBMIT, json={"description": "Do it", **fields}, headers=headers)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_a_plan_is_on_the_bus(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    inputs = {"dir": "/srv/source", "deep": [[1, {"a.b": None}]]}
    body = await submit(client, session_id="s1", require_hitl=True, inputs=inputs)
    assert body == {"plan_id": body["plan_id"], "status": "created", "session_id": "s1"}
    (command,) = await plans.commands(body["plan_id"])
    start = COMMAND.validate_python(command)
    assert isinstance(start, StartPlan)
    assert (start.description, start.team_id, start.require_hitl) == ("Do it", "review", True)
    assert (start.inputs, start.session_id) == (inputs, "s1")
    assert (start.user_id, start.workspace_id) == ("ann", "default")
    assert start.expires_at > start.issued_at


async def test_what_a_client_leaves_out_or_adds_does_no_harm(client: httpx.AsyncClient) -> None:
    body = await submit(client, session_id=None, team_id="", require_hitl=None, inputs=None, extra={"a": 1})
    assert body["session_id"]


async def test_it_is_found_right_after_the_answer(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    body = await submit(client, description="Find me")
    response = await client.get("/api/v3/plan", params={"plan_id": body["plan_id"]})
    assert response.status_code == 200, response.text
    answer = response.json()
    assert list(answer) == ["plan", "team", "messages", "m_plan", "streaming_message"]
    assert (answer["messages"], answer["m_plan"]) == ([], None)
    assert answer["team"]["team_id"] == "review"
    plan = answer["plan"]
    assert (plan["status"], plan["overall_status"], plan["last_seq"]) == ("created", "created", 0)
    assert (plan["description"], plan["initial_goal"]) == ("Find me", "Find me")
    assert (plan["id"], plan["session_id"], plan["user_id"]) == (body["plan_id"], body["session_id"], "ann")


async def test_it_is_found_between_runner_and_persister(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    body = await submit(client)
    await plans.publish(plan_messages(body["plan_id"])[:3])
    await plans.commit(COMMANDS, "runner")
    response = await client.get("/api/v3/plan", params={"plan_id": body["plan_id"]})
    assert response.json()["plan"]["status"] == "created"
    assert response.json()["messages"] == []


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"description": ""}, "invalid", "body.description"),
        ({"description": " \n"}, "invalid", "body.description"),
        ({"description": "x" * 65_537}, "invalid", "body.description"),
        ({"description": 5}, "invalid", "body.description"),
        ({"description": None}, "invalid", "body.description"),
        ({}, "invalid", "body.description"),
        ([], "invalid", "body"),
        ("text", "invalid", "body"),
        ({"description": "x", "require_hitl": "yes"}, "invalid", "body.require_hitl"),
        ({"description": "x", "session_id": 7}, "invalid", "body.session_id"),
        ({"description": "x", "session_id": "s" * 129}, "invalid", "body.session_id"),
        ({"description": "x", "session_id": "a\nb"}, "invalid", "body.session_id"),
        ({"description": "x", "team_id": "nobody"}, "unknown_team", "review"),
        ({"description": "x", "inputs": "dir"}, "invalid", "body.inputs"),
        ({"description": "x", "inputs": {"dir": "relative/path"}}, "invalid_inputs", "absolute"),
        ({"description": "x", "inputs": {"dir": 7}}, "invalid_inputs", "string"),
        ({"description": "x", "inputs": {"dir": "/a\0b"}}, "invalid_inputs", "absolute"),
        ({"description": "x", "inputs": {"n": 2**64}}, "invalid_inputs", "inputs"),
    ],
)
async def test_bad_plans_are_refused(
    plans: PlansWorld, client: httpx.AsyncClient, body: Any, code: str, told: str
) -> None:
    before = await plans.commands_sent()
    response = await client.post(
        SUBMIT, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert told in response.text
    assert len(response.content) < 4_000
    assert await plans.commands_sent() == before


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b'{"description": "x"', 400, "malformed_json"),
        (b'{"description": "\xff\xfe"}', 400, "malformed_json"),
        (b'{"description": "\\ud800"}', 400, "malformed_json"),
        (b'{"description": NaN}', 400, "malformed_json"),
        (b"[" * 100_000, 400, "malformed_json"),
        (b'{"description": "' + b"x" * 1_000_000 + b'"}', 413, "body_too_large"),
        (b"", 422, "invalid"),
    ],
)
async def test_what_is_no_json_is_refused(
    client: httpx.AsyncClient, content: bytes, status: int, code: str
) -> None:
    response = await client.post(SUBMIT, content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize("depth", [200, 300, 1000])
async def test_deep_inputs_are_carried_or_refused(client: httpx.AsyncClient, depth: int) -> None:
    content = b'{"description": "x", "inputs": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
    response = await client.post(SUBMIT, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code in (200, 400, 422), response.text


async def test_a_repeated_key_names_the_first_plan(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    first = await submit(client, key)
    assert await submit(client, key) == first
    assert len(await plans.commands(first["plan_id"])) == 1
    async with plans.client(client._transport, user="bob") as other:  # type: ignore[arg-type]
        assert (await submit(other, key))["plan_id"] != first["plan_id"]


async def test_a_key_of_a_stored_plan(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    first = await submit(client, key)
    (command,) = await plans.commands(first["plan_id"])
    messages = plan_messages(first["plan_id"], session_id=first["session_id"])
    messages[0]["payload"]["request_hash"] = command["request_hash"]
    await plans.store(messages)
    assert await submit(client, key) == {**first, "status": "completed"}
    again = await client.post(SUBMIT, json={"description": "Other"}, headers={"Idempotency-Key": key})
    assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_with_another_body_is_refused(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    first = await submit(client, key)
    response = await client.post(SUBMIT, json={"description": "Other"}, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await plans.commands(first["plan_id"])) == 1


async def test_one_key_at_once_with_two_bodies(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(
        *(
            client.post(SUBMIT, json={"description": f"body {number % 2}"}, headers={"Idempotency-Key": key})
            for number in range(6)
        )
    )
    accepted = [answer.json()["plan_id"] for answer in answers if answer.status_code == 200]
    refused = [answer.json()["code"] for answer in answers if answer.status_code != 200]
    assert len(set(accepted)) == 1
    assert refused == ["idempotency_key_reused"] * 3
    first = (await plans.commands(accepted[0]))[0]
    winners = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    assert {f"body {number % 2}" for number in winners} == {first["description"]}


@pytest.mark.parametrize("key", ["", " ", "k" * 256])
async def test_a_bad_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    response = await client.post(SUBMIT, json={"description": "x"}, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_idempotency_key")


async def test_viewers_may_not_submit(plans: PlansWorld, service: httpx.ASGITransport) -> None:
    async with plans.client(service, role=Role.VIEWER) as viewer:
        response = await viewer.post(SUBMIT, json={"description": "x"})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


async def test_strangers_may_not_submit(service: httpx.ASGITransport) -> None:
    async with httpx.AsyncClient(transport=service, base_url="http://127.0.0.1") as stranger:
        response = await stranger.post(SUBMIT, json={"description": "x"})
        assert response.status_code == 401
        assert (await stranger.get("/api/v3/plans")).status_code == 401
        health = await stranger.get("/health")
    assert (health.status_code, health.json()) == (200, {"status": "healthy", "service": "plans"})


async def test_the_service_is_ready(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert response.status_code == 200, response.text
    assert set(response.json()["checks"]) == {"access", "kafka", "tail", "database"}
