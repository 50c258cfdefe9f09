"""Every route of the OpenAPI document: nothing without a token, nothing written by viewers, nothing of
another workspace to be had or learned. Made from the document: a new route is checked, or fails here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.eventually import eventually
from support.messages import message
from support.plans_world import PlansWorld, plan_messages
from support.route_checks import Route, routes_of

from agentbus.chassis.auth import Role
from agentbus.plans.openapi import document

DOCUMENT = document()
ROUTES = list(routes_of(DOCUMENT))
PUBLIC = {"get /health", "get /health/live", "get /health/ready", "get /metrics"}
CLOSED = [route for route in ROUTES if str(route) not in PUBLIC]
HOME = f"home-{uuid4()}"

each_closed_route = pytest.mark.parametrize("route", CLOSED, ids=str)


@dataclass
class House:
    """A workspace with a plan that waits for approval, a key and a member; and clients of the service."""

    plans: PlansWorld
    service: httpx.ASGITransport
    ids: dict[str, str]

    @asynccontextmanager
    async def client(self, role: Role, workspace: str = HOME) -> AsyncIterator[httpx.AsyncClient]:
        async with self.plans.client(self.service, user="someone", workspace=workspace, role=role) as client:
            yield client


@pytest.fixture(scope="module")
async def house(plans: PlansWorld) -> AsyncIterator[House]:
    ids = {
        "plan_id": str(uuid4()),
        "m_plan_id": str(uuid4()),
        "session_id": str(uuid4()),
        "user_id": "resident",
    }
    who: dict[str, Any] = {"workspace_id": HOME, "session_id": ids["session_id"]}
    asks = {"m_plan_id": ids["m_plan_id"], "steps": [], "status": "PENDING_APPROVAL", "context": {}}
    created = plan_messages(ids["plan_id"], **who)[0]
    await plans.store(
        [created, message(ids["plan_id"], 2, type="plan_approval_request", payload=asks, **who)]
    )
    async with plans.service(http_rate_failures=None) as service:
        house = House(plans, service, ids)
        async with house.client(Role.ADMIN) as admin:
            made = await admin.post("/api/v3/access/keys", json={"name": "ci", "user_id": "resident"})
            assert made.status_code == 201, made.text
            ids["key_id"] = ids["token_id"] = made.json()["key_id"]
            joined = await admin.put("/api/v3/access/members/resident", json={"role": "editor"})
            assert joined.status_code == 200, joined.text
            await eventually(lambda: _known(admin, ids), within=10)
        yield house


async def _known(admin: httpx.AsyncClient, ids: dict[str, str]) -> None:
    assert ids["key_id"] in (await admin.get("/api/v3/access/keys")).text
    assert "resident" in (await admin.get("/api/v3/access/members")).text


def of_nobody(ids: dict[str, str]) -> dict[str, str]:
    return {name: uuid4().hex for name in ids}


def told(response: httpx.Response) -> Any:
    """Returns what an answer tells: all of a refusal but its own id and path, of a success its form."""
    if response.is_success:
        body = response.json() if response.content else None
        return response.status_code, sorted(body) if isinstance(body, dict) else type(body)
    body = {name: value for name, value in response.json().items() if name not in ("request_id", "instance")}
    return response.status_code, body


@each_closed_route
async def test_without_a_token_nobody_gets_in(house: House, route: Route) -> None:
    async with httpx.AsyncClient(transport=house.service, base_url="http://127.0.0.1") as client:
        for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic YTpi"}):
            answer = await client.request(**route.request(house.ids), headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            nothing = await client.request(**route.request(of_nobody(house.ids)), headers=headers)
            assert told(answer) == told(nothing)


@pytest.mark.parametrize("route", [route for route in CLOSED if route.writes], ids=str)
async def test_a_viewer_writes_nothing(house: House, route: Route) -> None:
    commands = await house.plans.commands_sent()
    async with house.client(Role.VIEWER) as viewer:
        answer = await viewer.request(**route.request(house.ids))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await house.plans.commands_sent() == commands


@pytest.mark.parametrize("route", [each for each in CLOSED if "/access/" in each.path], ids=str)
async def test_access_is_for_admins(house: House, route: Route) -> None:
    async with house.client(Role.EDITOR) as editor:
        answer = await editor.request(**route.request(house.ids))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@each_closed_route
async def test_someone_of_another_workspace_learns_nothing(house: House, route: Route) -> None:
    """Not even that it exists: they are answered as for what does not."""
    named, nothing = route.request(house.ids), route.request(of_nobody(house.ids))
    async with house.client(Role.ADMIN, f"elsewhere-{uuid4()}") as stranger:
        answer, as_for_nothing = await stranger.request(**named), await stranger.request(**nothing)
    assert told(answer) == told(as_for_nothing)
    sent = str(named)
    assert [name for name, each in house.ids.items() if each in answer.text and each not in sent] == []
    assert HOME not in answer.text


async def test_and_what_they_did_has_changed_nothing(house: House) -> None:
    """All those requests of an admin of another workspace have gone before."""
    async with house.client(Role.ADMIN) as admin:
        await _known(admin, house.ids)
        plan = await admin.get("/api/v3/plan", params={"plan_id": house.ids["plan_id"]})
        assert plan.json()["plan"]["status"] == "pending_approval"
    assert await house.plans.commands(house.ids["plan_id"]) == []


async def test_the_same_requests_reach_the_thing_in_its_own_workspace(house: House) -> None:
    """Else all of the above would hold of requests that are no good."""
    order = ["get", "put", "post", "delete"]
    async with house.client(Role.ADMIN) as admin:
        for route in sorted(CLOSED, key=lambda each: order.index(each.method)):
            answer = await admin.request(**route.request(house.ids))
            assert answer.is_success or answer.status_code in (409, 422), f"{route}: {answer.text}"
            if "404" in route.operation["responses"]:
                nothing = await admin.request(**route.request(of_nobody(house.ids)))
                assert (answer.is_success, nothing.status_code) == (True, 404), str(route)


def test_what_anyone_may_ask_is_listed_here() -> None:
    assert {str(route) for route in ROUTES} >= PUBLIC


def test_a_new_kind_of_thing_fails_until_it_has_an_id_here() -> None:
    route = Route("get", "/api/v3/things/{thing_id}", {"parameters": []}, DOCUMENT)
    with pytest.raises(AssertionError, match="Give the test such an id"):
        route.request({"plan_id": "1"})
