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
from support.route_checks import (
    PUBLIC,
    Route,
    all_reached,
    forbidden,
    refused_without_a_token,
    routes_of,
    same_as_for_nothing,
)

from agentbus.chassis.auth import Role
from agentbus.plans.openapi import document

DOCUMENT = document()
ROUTES = list(routes_of(DOCUMENT))
OPEN = PUBLIC | {"get /health"}
CLOSED = [route for route in ROUTES if str(route) not in OPEN]
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


@each_closed_route
async def test_without_a_token_nobody_gets_in(house: House, route: Route) -> None:
    await refused_without_a_token(house.service, route, house.ids, of_nobody(house.ids))


@pytest.mark.parametrize("route", [route for route in CLOSED if route.writes], ids=str)
async def test_a_viewer_writes_nothing(house: House, route: Route) -> None:
    commands = await house.plans.commands_sent()
    async with house.client(Role.VIEWER) as viewer:
        await forbidden(viewer, route, house.ids)
    assert await house.plans.commands_sent() == commands


@pytest.mark.parametrize("route", [each for each in CLOSED if "/access/" in each.path], ids=str)
async def test_access_is_for_admins(house: House, route: Route) -> None:
    async with house.client(Role.EDITOR) as editor:
        await forbidden(editor, route, house.ids)


@each_closed_route
async def test_someone_of_another_workspace_learns_nothing(house: House, route: Route) -> None:
    """Not even that it exists: they are answered as for what does not."""
    async with house.client(Role.ADMIN, f"elsewhere-{uuid4()}") as stranger:
        answer = await same_as_for_nothing(stranger, route, house.ids, of_nobody(house.ids))
    sent = str(route.request(house.ids))
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
    async with house.client(Role.ADMIN) as admin:
        await all_reached(admin, CLOSED, house.ids, of_nobody(house.ids))


def test_what_anyone_may_ask_is_listed_here() -> None:
    assert {str(route) for route in ROUTES} >= OPEN


def test_a_new_kind_of_thing_fails_until_it_has_an_id_here() -> None:
    route = Route("get", "/api/v3/things/{thing_id}", {"parameters": []}, DOCUMENT)
    with pytest.raises(AssertionError, match="Give the test such an id"):
        route.request({"plan_id": "1"})
