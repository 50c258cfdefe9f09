"""Reading back: every stored message, in order, in five keys, watched or not (A1.5, A3.1, A3.3, A3.4)."""

import asyncio
import gzip
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.messages import message
from support.plans_world import PlansWorld, plan_messages

from agentbus.chassis.auth import Role
from agentbus.plan.dialect import view

PLAN = "/api/v3/plan"
LIST = "/api/v3/plans"


async def stored(plans: PlansWorld, said: int = 2, **fields: Any) -> list[dict[str, Any]]:
    messages = plan_messages(str(uuid4()), said, **fields)
    await plans.store(messages)
    return messages


async def read(client: httpx.AsyncClient, plan_id: str, **query: Any) -> dict[str, Any]:
    response = await client.get(PLAN, params={"plan_id": plan_id, **query})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_a_plan_is_as_its_messages_tell(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    messages = await stored(plans)
    body = await read(client, messages[0]["plan_id"])
    assert list(body) == ["plan", "team", "messages", "m_plan", "streaming_message"]
    assert body["messages"] == messages
    plan = body["plan"]
    expected = {
        "status": "completed",
        "overall_status": "completed",
        "summary": "well",
        "result": messages[-2]["content"],
        "m_plan": None,
        "streaming_message": "",
        "data_type": "plan",
        "last_seq": len(messages),
        "attempt": 1,
    }
    assert {key: plan[key] for key in expected} == expected
    assert not {"_id", "team", "request_hash"} & plan.keys()


async def test_messages_are_served_as_they_were_published(
    plans: PlansWorld, client: httpx.AsyncClient
) -> None:
    strange = {
        "a.b": 1,
        "$c": [[1, [2]], {}],
        "n": 2**53,
        "f": 1.5,
        "e": "😀",
        "": None,
        "big": "x" * 300_000,
    }
    plan_id = str(uuid4())
    messages = [message(plan_id, 1, payload=strange, from_a_newer_writer={"k": [strange]})]
    await plans.store(messages)
    assert (await read(client, plan_id))["messages"] == messages


async def test_steps_are_asked_about(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    plan_id = str(uuid4())
    step = {"id": "1", "description": "Look", "agent": "analyst", "status": "pending", "result": None}
    asks = {"m_plan_id": "m1", "steps": [step], "status": "PENDING_APPROVAL", "context": {"facts": "f"}}
    await plans.store(
        [plan_messages(plan_id)[0], message(plan_id, 2, type="plan_approval_request", payload=asks)]
    )
    body = await read(client, plan_id)
    assert body["plan"]["status"] == "pending_approval"
    assert body["plan"]["steps"] == [step]
    assert (body["m_plan"]["id"], body["m_plan"]["facts"]) == ("m1", "f")
    assert body["m_plan"]["steps"] == [{"agent": "analyst", "action": "Look"}]


async def test_pages_follow_their_links(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    messages = await stored(plans, said=20)
    url, seen, pages = f"{PLAN}?plan_id={messages[0]['plan_id']}&limit=10&after_seq=1", [], 0
    while url:
        response = await client.get(url)
        seen += response.json()["messages"]
        pages += 1
        url = response.links.get("next", {}).get("url", "")
    assert (seen, pages) == (messages[1:], 3)
    assert (await read(client, messages[0]["plan_id"], after_seq=24))["messages"] == []


async def test_a_plan_agrees_with_its_messages(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    """The persister has stored more messages than it has told the plan about."""
    messages = plan_messages(str(uuid4()), said=5)
    await plans.store(messages[:4])
    await plans.messages.append(messages[4:])
    body = await read(client, messages[0]["plan_id"])
    assert (body["messages"], body["plan"]["last_seq"]) == (messages[:4], 4)


async def test_an_unchanged_plan_is_not_sent_again(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    messages = plan_messages(str(uuid4()))
    plan_id = messages[0]["plan_id"]
    await plans.store(messages[:3])
    query = {"plan_id": plan_id}
    first = await client.get(PLAN, params=query)
    for known in (first.headers["etag"], f'"other", {first.headers["etag"]}', "*"):
        same = await client.get(PLAN, params=query, headers={"If-None-Match": known})
        assert (same.status_code, same.content) == (304, b"")
        for name in ("etag", "vary", "cache-control"):
            assert same.headers[name] == first.headers[name]
    await plans.store(messages[3:])
    changed = await client.get(PLAN, params=query, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["messages"]) == (200, messages)


async def test_the_other_dialect(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    messages = await stored(plans)
    body = await read(client, messages[0]["plan_id"], dialect="agent_message_data")
    assert body["messages"] == [view(each, "agent_message_data") for each in messages]


async def test_a_read_waits_for_what_was_written(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    messages = plan_messages(str(uuid4()))
    await plans.store(messages[:2])
    answer = asyncio.create_task(read(client, messages[0]["plan_id"], min_seq=4))
    await plans.store(messages[2:4])
    assert (await answer)["messages"] == messages[:4]


async def test_it_does_not_wait_for_ever(plans: PlansWorld, service: httpx.ASGITransport) -> None:
    messages = await stored(plans)
    async with plans.service(stored_wait_seconds=0.3) as short, plans.client(short) as client:
        began = time.monotonic()
        body = await read(client, messages[0]["plan_id"], min_seq=1000)
    assert time.monotonic() - began < 3
    assert body["messages"] == messages


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"plan_id": ""}, 422),
        ({"plan_id": "x" * 129}, 422),
        ({"plan_id": "no-such-plan"}, 404),
        ({"plan_id": "no\0such"}, 422),
        ({"plan_id": "x", "after_seq": "-1"}, 422),
        ({"plan_id": "x", "after_seq": "9" * 30}, 422),
        ({"plan_id": "x", "min_seq": "many"}, 422),
        ({"plan_id": "x", "limit": "0"}, 422),
        ({"plan_id": "x", "limit": "20001"}, 422),
        ({"plan_id": "x", "dialect": "latin"}, 422),
    ],
)
async def test_bad_reads(client: httpx.AsyncClient, query: dict[str, str], status: int) -> None:
    response = await client.get(PLAN, params=query)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == ("unknown_plan" if status == 404 else "invalid")


async def test_another_workspace_sees_nothing(plans: PlansWorld, service: httpx.ASGITransport) -> None:
    messages = await stored(plans)
    async with plans.client(service, workspace="elsewhere") as stranger:
        response = await stranger.get(PLAN, params={"plan_id": messages[0]["plan_id"]})
        assert (response.status_code, response.json()["code"]) == (404, "unknown_plan")
        assert (await stranger.get(LIST)).json() == []
    async with plans.client(service, role=Role.VIEWER) as viewer:
        assert (await read(viewer, messages[0]["plan_id"]))["messages"] == messages


async def test_ten_thousand_messages_are_served_quickly(plans: PlansWorld, client: httpx.AsyncClient) -> None:
    messages = await stored(plans, said=10_000)
    plan_id = messages[0]["plan_id"]
    await read(client, plan_id)
    began, computed = time.monotonic(), time.process_time()
    async with client.stream("GET", PLAN, params={"plan_id": plan_id}) as response:
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["vary"] == "Accept-Encoding"
        compressed = b"".join([part async for part in response.aiter_raw()])
    took, computed = time.monotonic() - began, time.process_time() - computed
    plain = await client.get(PLAN, params={"plan_id": plan_id}, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(compressed) == plain.content
    assert plain.json()["messages"] == messages
    assert "link" not in plain.headers
    print(f"10,004 messages, {len(plain.content)} bytes, in {took:.2f} s, {computed:.2f} s of it here")
    assert computed < 2, "the rest is the database's, and the load's of this machine"


async def test_plans_are_listed_newest_first(plans: PlansWorld, service: httpx.ASGITransport) -> None:
    workspace = str(uuid4())
    ids: list[str] = []
    for number in range(7):
        who: dict[str, Any] = {"workspace_id": workspace, "session_id": f"s{number % 2}"}
        created = f"2026-01-01T00:00:0{number // 2}.000000Z"
        messages = plan_messages(f"{number}-{workspace}", timestamp=created, **who)
        await plans.store(messages if number < 5 else messages[:2])
        ids.insert(0, messages[0]["plan_id"])
    async with plans.client(service, workspace=workspace) as client:
        whole = (await client.get(LIST)).json()
        assert [plan["plan_id"] for plan in whole] == ids
        assert not {"_id", "team", "request_hash", "result"} & whole[0].keys()
        running = (await client.get(LIST, params={"status": "in_progress", "session_id": "s1"})).json()
        assert [plan["plan_id"] for plan in running] == [f"5-{workspace}"]
        seen, url = [], f"{LIST}?limit=3"
        while url:
            response = await client.get(url)
            seen += response.json()
            url = response.links.get("next", {}).get("url", "")
        assert seen == whole


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "é"},
        {"cursor": "e30"},
        {"cursor": "WzEsMl0"},
        {"limit": 0},
        {"limit": 201},
        {"status": "done"},
    ],
)
async def test_bad_lists(client: httpx.AsyncClient, query: dict[str, Any]) -> None:
    response = await client.get(LIST, params=query)
    assert response.status_code == 422
    assert response.json()["code"] == ("invalid_cursor" if "cursor" in query else "invalid")


async def test_the_teams_that_a_plan_may_name(client: httpx.AsyncClient) -> None:
    teams = (await client.get("/api/v3/teams")).json()
    assert [team["team_id"] for team in teams][:2] == ["review", "model"]
    refused = await client.post("/api/v3/process_request", json={"description": "x", "team_id": "nobody"})
    listed = ", ".join(sorted(team["team_id"] for team in teams))
    assert refused.json()["detail"].endswith(f"there are: {listed}")
