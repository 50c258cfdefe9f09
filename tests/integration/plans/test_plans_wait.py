"""`Prefer: wait`: the answer holds the results, read from the bus, also with the database away (A5.4)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY
from support.eventually import eventually
from support.messages import message
from support.plans_world import PlansWorld, plan_messages

from agentbus.contracts.identifiers import derived_id

SUBMIT = "/api/v3/process_request"


async def waiting(client: httpx.AsyncClient, key: str, seconds: int = 30) -> httpx.Response:
    headers = {"Prefer": f"respond-async, wait={seconds}", "Idempotency-Key": key}
    return await client.post(SUBMIT, json={"description": "Do it", "session_id": "s1"}, headers=headers)


async def started(plans: PlansWorld, plan_id: str) -> None:
    assert await plans.commands(plan_id)


def plan_id_of(key: str) -> str:
    return derived_id("plan", "default", "ann", key)


async def test_it_answers_at_the_end_with_the_database_away(
    plans: PlansWorld, no_database: httpx.AsyncClient
) -> None:
    key = str(uuid4())
    plan_id = plan_id_of(key)
    answer = asyncio.create_task(waiting(no_database, key))
    await eventually(lambda: started(plans, plan_id), within=20)
    messages = plan_messages(plan_id, said=50, session_id="s1")
    messages[-2]["content"] = "# Report"
    await plans.publish(messages[:10])
    await plans.publish([messages[9], {**messages[3], "content": "late"}, *messages[10:]])
    response = await answer
    assert response.status_code == 200, response.text
    assert response.headers["preference-applied"] == "wait=30"
    assert response.json() == {
        "plan_id": plan_id,
        "status": "completed",
        "session_id": "s1",
        "result": "# Report",
        "messages": messages,
    }
    # Asked again, it reads what was said from the bus.
    again = await waiting(no_database, key)
    assert again.json() == response.json()
    other = await no_database.post(SUBMIT, json={"description": "Other"}, headers={"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_without_a_key_the_database_is_not_asked(no_database: httpx.AsyncClient) -> None:
    response = await no_database.post(SUBMIT, json={"description": "x"}, headers={"Prefer": "wait=1"})
    assert response.status_code == 200
    assert response.json()["status"] == "in_progress"
    assert response.json()["messages"] == []


async def test_reads_say_that_the_database_is_away(no_database: httpx.AsyncClient) -> None:
    for path in ("/api/v3/plan?plan_id=x", "/api/v3/plans"):
        response = await no_database.get(path)
        assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
        assert int(response.headers["retry-after"]) > 0
    assert (await no_database.get("/health")).status_code == 200
    ready = await no_database.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert not ready.json()["checks"]["database"]["ok"]


async def test_at_the_limit_it_gives_what_there_is(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    answer = asyncio.create_task(waiting(client, key, seconds=2))
    await eventually(lambda: started(plans, plan_id_of(key)), within=20)
    messages = plan_messages(plan_id_of(key))[:3]
    await plans.publish(messages)
    body = (await answer).json()
    assert (body["status"], body["result"], body["messages"]) == ("in_progress", None, messages)


async def test_a_plan_that_waits_for_a_person_says_so(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    answer = asyncio.create_task(waiting(client, key, seconds=2))
    await eventually(lambda: started(plans, plan_id_of(key)), within=20)
    asks = message(plan_id_of(key), 2, type="plan_approval_request", payload={"m_plan_id": "m", "steps": []})
    await plans.publish([plan_messages(plan_id_of(key))[0], asks])
    assert (await answer).json()["status"] == "pending_approval"


async def test_a_repeat_goes_on_where_the_database_ends(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    plan_id = plan_id_of(key)
    await client.post(
        SUBMIT, json={"description": "Do it", "session_id": "s1"}, headers={"Idempotency-Key": key}
    )
    messages = plan_messages(plan_id, said=20)
    messages[0]["payload"]["request_hash"] = (await plans.commands(plan_id))[0]["request_hash"]
    await plans.publish(messages[:15])
    await plans.store(messages[:10])
    answer = asyncio.create_task(waiting(client, key))
    await plans.publish(messages[15:])
    assert (await answer).json()["messages"] == messages


@pytest.mark.parametrize("prefer", ["", "wait", "wait=x", "wait=-1", "wait=0", "respond-async", 'wait="'])
async def test_what_is_no_wait_does_not_wait(client: httpx.AsyncClient, prefer: str) -> None:
    response = await client.post(SUBMIT, json={"description": "x"}, headers={"Prefer": prefer})
    assert response.status_code == 200
    assert "preference-applied" not in response.headers
    assert response.json()["status"] == "created"


async def test_a_wait_is_bounded(plans: PlansWorld) -> None:
    async with plans.service(wait_limit_seconds=1) as service, plans.client(service) as client:
        headers: Any = {"Prefer": "wait=99999999999999999999"}
        response = await client.post(SUBMIT, json={"description": "x"}, headers=headers)
    assert response.headers["preference-applied"] == "wait=1"


async def test_who_waits_is_told_the_plan_before_the_service_stops(plans: PlansWorld) -> None:
    async with plans.service() as service, plans.client(service) as client:
        key = str(uuid4())
        answer = asyncio.create_task(waiting(client, key))
        await eventually(lambda: started(plans, plan_id_of(key)), within=20)
        service.app.state.health.stop()  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            body = (await answer).json()
    assert (body["plan_id"], body["status"]) == (plan_id_of(key), "in_progress")


async def test_who_has_left_waits_no_more_and_the_plan_goes_on(plans: PlansWorld) -> None:
    key, body = str(uuid4()), b'{"description": "Do it"}'
    headers = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "authorization": f"Bearer {plans.token()}",
        "prefer": "wait=60",
        "idempotency-key": key,
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": SUBMIT,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    said = iter([{"type": "http.request", "body": body}])

    async def receive() -> dict[str, Any]:
        for part in said:
            return part
        await eventually(lambda: started(plans, plan_id_of(key)), within=20)
        return {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        pass

    async with plans.service() as service, asyncio.timeout(30):
        await service.app(scope, receive, send)
    assert REGISTRY.get_sample_value("agentbus_plans_waiting_requests") == 0


async def test_too_many_waits_are_answered_at_once(plans: PlansWorld) -> None:
    async with plans.service(waits_limit=0) as service, plans.client(service) as client:
        response = await client.post(SUBMIT, json={"description": "x"}, headers={"Prefer": "wait=60"})
    assert response.status_code == 200
    assert "preference-applied" not in response.headers
