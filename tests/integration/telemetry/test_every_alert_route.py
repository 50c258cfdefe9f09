"""Every route of alerts and of the system's health: nothing without a token, nothing written by viewers,
nothing of another workspace to be had or learned. Made from the document: a new route is checked, or fails"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from support.alert_world import ALERTS, AlertWorld, one_alert
from support.route_checks import Route, routes_of
from support.telemetry_world import TelemetryWorld

from agentbus.chassis.auth import DEFAULT_WORKSPACE, Role
from agentbus.telemetry.openapi import document

HEALTH: Final = "/api/v3/observability/health"
ROUTES = list(routes_of(document()))
MINE = [route for route in ROUTES if route.path.startswith(ALERTS)]
SYSTEM = [route for route in ROUTES if route.path.startswith(HEALTH)]
HOME = f"home-{uuid4()}"
TABLES = ("alerts", "alert_events", "silences", "limits")


@dataclass
class House:
    """A workspace with an alert, a silence and a limit; and clients."""

    telemetry: TelemetryWorld
    service: httpx.ASGITransport
    ids: dict[str, str]

    @asynccontextmanager
    async def client(self, role: Role, workspace: str = HOME) -> AsyncIterator[httpx.AsyncClient]:
        async with self.telemetry.client(self.service, workspace, role) as client:
            yield client

    async def content(self) -> list[Any]:
        return [await self.telemetry.rows(f"select * from telemetry.{table}") for table in TABLES]


@pytest.fixture(scope="module")
async def house(telemetry: TelemetryWorld) -> AsyncIterator[House]:
    async with telemetry.service(http_rate_failures=None, alert_stream_seconds=0.01) as service:
        house = House(telemetry, service, {"kind": "tool", "name": "house-tool"})
        async with house.client(Role.EDITOR) as editor:
            await editor.put(f"{ALERTS}/limits/tool/house-tool", json={"limit": 0.5})
            await AlertWorld(telemetry).hanging(HOME, str(uuid4()), "house-tool").starts()
            house.ids["alert_id"] = (await one_alert(editor, "firing"))["alert_id"]
            silence = {"subject": {"tool": "house-tool"}, "seconds": 600}
            made = await editor.post(f"{ALERTS}/silences", json=silence)
            house.ids["silence_id"] = made.json()["silence_id"]
        yield house


def of_nobody(ids: dict[str, str]) -> dict[str, str]:
    return {name: f"n{uuid4().hex}" for name in ids} | {"kind": "tool"}


def told(response: httpx.Response) -> Any:
    if response.is_success:
        return response.status_code
    return {name: text for name, text in response.json().items() if name not in ("request_id", "instance")}


@pytest.mark.parametrize("route", [*MINE, *SYSTEM], ids=str)
async def test_without_a_token_nobody_gets_in(house: House, route: Route) -> None:
    async with httpx.AsyncClient(transport=house.service, base_url="http://127.0.0.1") as client:
        for headers in ({}, {"Authorization": "Bearer guess"}):
            answer = await client.request(**route.request(house.ids), headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("route", [route for route in MINE if route.writes], ids=str)
async def test_a_viewer_writes_nothing(house: House, route: Route) -> None:
    before = await house.content()
    async with house.client(Role.VIEWER) as viewer:
        answer = await viewer.request(**route.request(house.ids))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await house.content() == before


@pytest.mark.parametrize("route", MINE, ids=str)
async def test_someone_of_another_workspace_learns_and_changes_nothing(house: House, route: Route) -> None:
    before = await house.content()
    mine = [[row for row in rows if row.get("workspace_id") == HOME] for rows in before]
    async with house.client(Role.ADMIN, f"elsewhere-{uuid4()}") as stranger:
        answer = await stranger.request(**route.request(house.ids))
        nothing = await stranger.request(**route.request(of_nobody(house.ids)))
    assert told(answer) == told(nothing)
    assert HOME not in answer.text
    assert answer.status_code == 404 or "house-tool" not in answer.text or route.writes
    after = await house.content()
    assert [[row for row in rows if row.get("workspace_id") == HOME] for rows in after] == mine


@pytest.mark.parametrize(
    ("role", "workspace", "code"),
    [
        (Role.VIEWER, DEFAULT_WORKSPACE, "forbidden"),
        (Role.EDITOR, DEFAULT_WORKSPACE, "forbidden"),
        (Role.ADMIN, HOME, "not_an_operator"),
    ],
    ids=["a viewer", "an editor", "an administrator of another workspace"],
)
async def test_the_systems_health_is_for_its_administrators(
    house: House, role: Role, workspace: str, code: str
) -> None:
    async with house.client(role, workspace) as client:
        for route in SYSTEM:
            answer = await client.get(route.path)
            assert (answer.status_code, answer.json()["code"]) == (403, code)
        silence = {"rule": "DiskFull", "seconds": 60, "system": True}
        answer = await client.post(f"{ALERTS}/silences", json=silence)
        assert answer.status_code == 403


async def test_the_same_requests_reach_the_thing_in_its_own_workspace(house: House) -> None:
    """Else all of the above would hold of requests that are no good."""
    order = ["get", "post", "put", "delete"]
    async with house.client(Role.EDITOR) as editor:
        for route in sorted(MINE, key=lambda each: order.index(each.method)):
            answer = await editor.request(**route.request(house.ids))
            assert answer.is_success, f"{route}: {answer.text}"
            if "404" in route.operation["responses"]:
                nothing = await editor.request(**route.request(of_nobody(house.ids)))
                assert nothing.status_code == 404, str(route)
    async with house.client(Role.ADMIN, DEFAULT_WORKSPACE) as operator:
        for route in SYSTEM:
            assert (await operator.get(route.path)).is_success


def test_there_are_routes_to_check() -> None:
    assert len(MINE) >= 10
    assert len(SYSTEM) == 2
