"""Every route of the workspace service: nothing without a token, nothing written by viewers, nothing of
another workspace to be had or learned. Made from the document: a new route is checked, or fails here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from support.route_checks import (
    PUBLIC,
    Route,
    all_reached,
    forbidden,
    refused_without_a_token,
    routes_of,
    same_as_for_nothing,
)
from support.workspace_world import ROOT, WorkspaceWorld

from agentbus.chassis.auth import Role
from agentbus.workspace.openapi import document

DOCUMENT = document()
ROUTES = list(routes_of(DOCUMENT))
CLOSED = [route for route in ROUTES if str(route) not in PUBLIC]
ENDLESS = f"get {ROOT}/{{workspace_id}}/sync/{{collection}}/stream"
HOME = f"home-{uuid4()}"

each_closed_route = pytest.mark.parametrize("route", CLOSED, ids=str)


@dataclass
class House:
    """A workspace with a task, an environment with a secret, a conflict and an import; and clients."""

    workspaces: WorkspaceWorld
    service: httpx.ASGITransport
    ids: dict[str, str]

    @asynccontextmanager
    async def client(self, role: Role, workspace: str = HOME) -> AsyncIterator[httpx.AsyncClient]:
        who = {"user": "someone", "workspace": workspace, "role": role}
        async with self.workspaces.client(self.service, **who) as client:
            yield client


@pytest.fixture(scope="module")
async def house(workspaces: WorkspaceWorld) -> AsyncIterator[House]:
    ids = {
        "workspace_id": HOME,
        "collection": "tasks",
        "task_id": str(uuid4()),
        "environment_id": str(uuid4()),
        "name": "token",
        "number": "1",
    }
    async with workspaces.service(http_rate_failures=None, stream_seconds=0.01) as service:
        house = House(workspaces, service, ids)
        async with house.client(Role.ADMIN) as admin:
            await furnish(admin, ids)
        yield house


async def furnish(admin: httpx.AsyncClient, ids: dict[str, str]) -> None:
    root = f"{ROOT}/{HOME}"
    base = {"id": ids["task_id"], "title": "a"}
    await admin.put(f"{root}/tasks/{ids['task_id']}", json=base)
    await admin.put(f"{root}/environments/{ids['environment_id']}", json={"name": "house-name"})
    await admin.put(f"{root}/environments/{ids['environment_id']}/secrets/token", json={"value": "x"})
    for title in "bc":
        row = {"newDocumentState": base | {"title": title}, "assumedMasterState": base}
        assert (await admin.post(f"{root}/sync/tasks/push", json=[row])).status_code == 200
    assert len((await admin.get(f"{root}/conflicts")).json()) == 1
    values = {"values": {"task-store": '{"state":{"tasks":[{"id":"i1","title":"Old"}]},"version":0}'}}
    imported = await admin.post(f"{root}/imports", json=values)
    assert imported.is_success, imported.text
    ids["import_id"] = imported.json()["import_id"]


def of_nobody(ids: dict[str, str]) -> dict[str, str]:
    made = {name: f"n{uuid4().hex}" for name in ids}
    return made | {"collection": ids["collection"], "number": "4711", "workspace_id": ids["workspace_id"]}


def elsewhere(ids: dict[str, str]) -> dict[str, str]:
    return ids | {"workspace_id": uuid4().hex}


@each_closed_route
async def test_without_a_token_nobody_gets_in(house: House, route: Route) -> None:
    await refused_without_a_token(house.service, route, house.ids, of_nobody(house.ids))


@pytest.mark.parametrize("route", [route for route in CLOSED if route.writes], ids=str)
async def test_a_viewer_writes_nothing(house: House, route: Route) -> None:
    query = "select seq from workspace.workspaces where workspace_id = $1"
    before = await house.workspaces.rows(query, HOME)
    async with house.client(Role.VIEWER) as viewer:
        await forbidden(viewer, route, house.ids)
    assert await house.workspaces.rows(query, HOME) == before


@each_closed_route
async def test_someone_of_another_workspace_learns_nothing(house: House, route: Route) -> None:
    """Not even that it exists: they are answered as for what does not."""
    async with house.client(Role.ADMIN, f"elsewhere-{uuid4()}") as stranger:
        answer = await same_as_for_nothing(stranger, route, house.ids, elsewhere(house.ids))
    assert "house-name" not in answer.text
    assert HOME not in answer.text.replace(route.request(house.ids)["url"], "")
    if "{workspace_id}" in route.path:
        assert (answer.status_code, answer.json()["code"]) == (403, "other_workspace")


async def test_the_same_requests_reach_the_thing_in_its_own_workspace(house: House) -> None:
    async with house.client(Role.ADMIN) as admin:
        await all_reached(admin, CLOSED, house.ids, of_nobody(house.ids))


def test_what_anyone_may_ask_is_listed_here() -> None:
    assert {str(route) for route in ROUTES} >= PUBLIC | {ENDLESS}
