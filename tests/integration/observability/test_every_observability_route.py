"""Every route of figures and errors: nothing without a token, nothing written by viewers, nothing of another
workspace to be had or learned. Made from the document: a new route is checked, or fails here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.measured_rows import Action, Plan
from support.measured_workspace import ROOT, writing
from support.route_checks import Route, routes_of
from support.telemetry_world import TelemetryWorld

from agentbus.chassis.auth import Role
from agentbus.telemetry.openapi import document

ROUTES = list(routes_of(document()))
SYSTEM = f"{ROOT}/health"
"""For the system's administrators: tests/integration/telemetry/test_every_alert_route.py."""

CLOSED = [route for route in ROUTES if route.path.startswith(ROOT) and not route.path.startswith(SYSTEM)]
HOME = f"home-{uuid4()}"

each_route = pytest.mark.parametrize("route", CLOSED, ids=str)


@dataclass
class House:
    """A workspace with a plan, its actions and an error; and clients."""

    telemetry: TelemetryWorld
    service: httpx.ASGITransport
    ids: dict[str, str]

    @asynccontextmanager
    async def client(self, role: Role, workspace: str = HOME) -> AsyncIterator[httpx.AsyncClient]:
        async with self.telemetry.client(self.service, workspace, role) as client:
            yield client


@pytest.fixture(scope="module")
async def house(telemetry: TelemetryWorld) -> AsyncIterator[House]:
    ids = {"plan_id": f"house-{uuid4()}", "fingerprint": f"house-{uuid4().hex}"}
    began = datetime.now(UTC) - timedelta(minutes=2)
    done = Action(ids["plan_id"], "a1", began, agent="house-name")
    running = Action(ids["plan_id"], "a2", began, None, agent="house-name", status="running", started_seq=3)
    plan = Plan(ids["plan_id"], began, None, "in_progress", actions=[done, running])
    async with writing(telemetry, HOME) as rows:
        await rows.plan(plan)
        await rows.error(ids["fingerprint"], [{"plan_id": ids["plan_id"], "seq": 2, "at": began}])
    async with telemetry.service(http_rate_failures=None) as service:
        yield House(telemetry, service, ids)


def of_nobody(ids: dict[str, str]) -> dict[str, str]:
    return {name: f"n{uuid4().hex}" for name in ids}


def told(response: httpx.Response, ids: dict[str, str]) -> Any:
    """Returns what a refusal tells, but its own id and path and the name that it was asked for."""
    body = {name: value for name, value in response.json().items() if name not in ("request_id", "instance")}
    for name in ids.values():
        body["detail"] = body["detail"].replace(name, "…")
    return response.status_code, body


@each_route
async def test_without_a_token_nobody_gets_in(house: House, route: Route) -> None:
    async with httpx.AsyncClient(transport=house.service, base_url="http://127.0.0.1") as client:
        for headers in ({}, {"Authorization": "Bearer guess"}):
            answer = await client.request(**route.request(house.ids), headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("route", [route for route in CLOSED if route.writes], ids=str)
async def test_a_viewer_writes_nothing(house: House, route: Route) -> None:
    async with house.client(Role.VIEWER) as viewer:
        before = await viewer.get(f"{ROOT}/errors")
        answer = await viewer.request(**route.request(house.ids))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await viewer.get(f"{ROOT}/errors")).json() == before.json()


@each_route
async def test_someone_of_another_workspace_learns_nothing(house: House, route: Route) -> None:
    """Not even that it exists: they are answered as for what does not."""
    nobody = of_nobody(house.ids)
    async with house.client(Role.ADMIN, f"elsewhere-{uuid4()}") as stranger:
        answer = await stranger.request(**route.request(house.ids))
        nothing = await stranger.request(**route.request(nobody))
    assert "house-name" not in answer.text
    if "{" in route.path:
        assert answer.status_code == 404
        assert told(answer, house.ids) == told(nothing, nobody)
    else:
        assert answer.is_success, answer.text
        assert "house" not in answer.text


@each_route
async def test_the_same_request_reaches_the_thing_in_its_own_workspace(house: House, route: Route) -> None:
    """Else all of the above would hold of requests that are no good."""
    async with house.client(Role.ADMIN) as admin:
        answer = await admin.request(**route.request(house.ids))
        assert answer.is_success, answer.text
        assert "house" in answer.text or route.path.endswith("/series")


def test_there_are_routes_to_check() -> None:
    assert len(CLOSED) >= 12
