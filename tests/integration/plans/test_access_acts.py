"""API keys, members, revocations and the audit log over REST: for admins, of their own workspace alone."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from support.eventually import eventually
from support.plans_world import PlansWorld

from agentbus.chassis.auth import Role
from agentbus.contracts.topics import ACCESS_CHANGES

ACCESS = "/api/v3/access"
ROUTES = [
    ("POST", "keys", {"name": "x"}),
    ("GET", "keys", None),
    ("DELETE", "keys/0123456789abcdef", None),
    ("GET", "members", None),
    ("PUT", "members/bob", {"role": "viewer"}),
    ("DELETE", "members/bob", None),
    ("POST", "revocations", {"user_id": "bob"}),
    ("GET", "audit", None),
]


@pytest.fixture
async def admin(
    plans: PlansWorld, service: httpx.ASGITransport, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """The admin of a workspace that only this test has."""
    workspace = request.node.name
    async with plans.client(service, user="root", workspace=workspace, role=Role.ADMIN) as client:
        client.headers["X-Workspace-Id"] = workspace
        yield client


async def created(admin: httpx.AsyncClient, **body: object) -> dict[str, Any]:
    response = await admin.post(f"{ACCESS}/keys", json={"name": "a key", **body})
    assert response.status_code == 201, response.text
    key: dict[str, Any] = response.json()
    return key


def holder(service: httpx.ASGITransport, credential: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {credential}"}
    return httpx.AsyncClient(transport=service, base_url="http://127.0.0.1", headers=headers)


async def entries(admin: httpx.AsyncClient) -> list[dict[str, object]]:
    response = await admin.get(f"{ACCESS}/audit")
    assert response.status_code == 200, response.text
    found: list[dict[str, object]] = response.json()
    return found


async def test_a_key_lets_in_until_it_is_revoked(
    admin: httpx.AsyncClient, service: httpx.ASGITransport
) -> None:
    key = await created(admin, user_id="ci", role="editor")
    async with holder(service, key["key"]) as client:
        assert (await client.get("/api/v3/plans")).status_code == 200
        assert (await client.post("/api/v3/process_request", json={"description": "x"})).status_code == 200
        assert (await admin.delete(f"{ACCESS}/keys/{key['key_id']}")).status_code == 204
        refused = await client.get("/api/v3/plans")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        assert refused.headers["www-authenticate"] == "Bearer"
    again = await admin.delete(f"{ACCESS}/keys/{key['key_id']}")
    assert (again.status_code, again.json()["code"]) == (404, "unknown_key")


async def test_a_key_is_shown_once_and_kept_as_a_hash(admin: httpx.AsyncClient, plans: PlansWorld) -> None:
    key = await created(admin, scopes=["plans:read"])
    secret = key["key"].split("_", 2)[2]
    listed = (await admin.get(f"{ACCESS}/keys")).json()
    assert [each["key_id"] for each in listed] == [key["key_id"]]
    assert listed[0] == {name: value for name, value in key.items() if name != "key"}
    end = await plans.reader.end_offset(ACCESS_CHANGES, 0)
    values = [record.value async for record in plans.reader.read(ACCESS_CHANGES, 0, 0, end)]
    assert any(key["key_id"].encode() in value for value in values)
    assert not any(secret.encode() in value for value in values)
    assert secret not in str(await entries(admin))


async def test_nobody_but_an_admin_acts(plans: PlansWorld, service: httpx.ASGITransport) -> None:
    for role in (Role.VIEWER, Role.EDITOR):
        async with plans.client(service, role=role) as client:
            for method, route, body in ROUTES:
                response = await client.request(method, f"{ACCESS}/{route}", json=body)
                assert (response.status_code, response.json()["code"]) == (403, "forbidden"), route


async def test_a_key_does_what_its_scopes_say(admin: httpx.AsyncClient, service: httpx.ASGITransport) -> None:
    reading = await created(admin, role="admin", scopes=["plans:read"])
    async with holder(service, reading["key"]) as client:
        assert (await client.get("/api/v3/plans")).status_code == 200
        said = {"plan_id": "x", "agent": "x", "content": "x", "approved": True, "answer": "x"}
        for route in ("process_request", "agent_message", "plan_approval", "user_clarification"):
            refused = await client.post(f"/api/v3/{route}", json={**said, "description": "x"})
            assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope"), route
        for method, route, body in ROUTES:
            refused = await client.request(method, f"{ACCESS}/{route}", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope"), route
    writing = await created(admin, role="editor", scopes=["plans:write"])
    async with holder(service, writing["key"]) as client:
        assert (await client.get("/api/v3/plans")).status_code == 403
        assert (await client.post("/api/v3/process_request", json={"description": "x"})).status_code == 200


async def test_nobody_hands_on_more_than_they_have(
    admin: httpx.AsyncClient, service: httpx.ASGITransport
) -> None:
    for body in ({"role": "viewer", "scopes": ["plans:write"]}, {"role": "admin", "scopes": []}):
        refused = await admin.post(f"{ACCESS}/keys", json={"name": "x", **body})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_scopes")
    key = await created(admin, role="admin", scopes=["access:admin"])
    async with holder(service, key["key"]) as client:
        refused = await client.post(f"{ACCESS}/keys", json={"name": "x", "scopes": ["plans:read"]})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_scopes")
        handed = await created(client, role="admin")
        assert handed["scopes"] == ["access:admin"]


async def test_other_workspaces_are_out_of_reach(
    plans: PlansWorld, admin: httpx.AsyncClient, service: httpx.ASGITransport
) -> None:
    key = await created(admin, user_id="ci")
    assert (await admin.put(f"{ACCESS}/members/ci", json={"role": "editor"})).status_code == 200
    async with plans.client(service, user="root", workspace="elsewhere", role=Role.ADMIN) as other:
        assert (await other.get(f"{ACCESS}/keys")).json() == []
        assert (await other.get(f"{ACCESS}/members")).json() == []
        assert (await other.get(f"{ACCESS}/audit")).json() == []
        assert (await other.delete(f"{ACCESS}/keys/{key['key_id']}")).status_code == 404
        assert (await other.delete(f"{ACCESS}/members/ci")).status_code == 404
        for body in ({"user_id": "ci"}, {"token_id": key["key_id"]}):
            assert (await other.post(f"{ACCESS}/revocations", json=body)).status_code == 200
    async with holder(service, key["key"]) as client:
        assert (await client.get("/api/v3/plans")).status_code == 200
        elsewhere = await client.get("/api/v3/plans", headers={"X-Workspace-Id": "elsewhere"})
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "other_workspace")


async def test_the_last_admin_stays(admin: httpx.AsyncClient) -> None:
    for user in ("ann", "bob"):
        assert (await admin.put(f"{ACCESS}/members/{user}", json={"role": "admin"})).status_code == 200
    assert (await admin.put(f"{ACCESS}/members/bob", json={"role": "viewer"})).status_code == 200
    for refused in (
        await admin.delete(f"{ACCESS}/members/ann"),
        await admin.put(f"{ACCESS}/members/ann", json={"role": "editor"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    assert (await admin.delete(f"{ACCESS}/members/bob")).status_code == 204
    assert [member["user_id"] for member in (await admin.get(f"{ACCESS}/members")).json()] == ["ann"]
    gone = await admin.delete(f"{ACCESS}/members/bob")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_member")


@pytest.mark.parametrize("lowering", ["DELETE", "PUT"])
async def test_who_loses_rights_loses_what_was_issued(
    plans: PlansWorld, admin: httpx.AsyncClient, service: httpx.ASGITransport, lowering: str
) -> None:
    workspace = admin.headers["x-workspace-id"]
    assert (await admin.put(f"{ACCESS}/members/bob", json={"role": "editor"})).status_code == 200
    key = await created(admin, user_id="bob", role="editor")
    async with (
        holder(service, key["key"]) as by_key,
        plans.client(service, user="bob", workspace=workspace) as by_token,
    ):
        for client in (by_key, by_token):
            assert (await client.get("/api/v3/plans")).status_code == 200
        body = {"role": "viewer"} if lowering == "PUT" else None
        assert (await admin.request(lowering, f"{ACCESS}/members/bob", json=body)).status_code in (200, 204)
        for client in (by_key, by_token):
            refused = await client.get("/api/v3/plans")
            assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")
    async with plans.client(service, user="bob", workspace=workspace, role=Role.VIEWER) as anew:
        assert (await anew.get("/api/v3/plans")).status_code == 200


async def test_every_instance_knows_of_a_revocation(plans: PlansWorld, admin: httpx.AsyncClient) -> None:
    key = await created(admin)
    async with plans.service() as another, holder(another, key["key"]) as client:
        assert (await client.get("/api/v3/plans")).status_code == 200
        assert (await admin.delete(f"{ACCESS}/keys/{key['key_id']}")).status_code == 204

        async def refused() -> None:
            assert (await client.get("/api/v3/plans")).status_code == 401

        await eventually(refused, within=5)


async def test_every_act_is_on_record(admin: httpx.AsyncClient) -> None:
    key = await created(admin, user_id="ci")
    await admin.put(f"{ACCESS}/members/ann", json={"role": "admin"})
    await admin.put(f"{ACCESS}/members/bob", json={"role": "viewer"})
    await admin.delete(f"{ACCESS}/members/bob")
    await admin.post(f"{ACCESS}/revocations", json={"user_id": "eve"})
    await admin.delete(f"{ACCESS}/keys/{key['key_id']}")
    found = await entries(admin)
    assert [(each["act"], str(each["subject"]).split("/")[0]) for each in found] == [
        ("revoke_key", "key"),
        ("revoke", "revoked-user"),
        ("remove_member", "member"),
        ("set_member", "member"),
        ("set_member", "member"),
        ("create_key", "key"),
    ]
    assert {(each["user_id"], each["service"], each["address"]) for each in found} == {
        ("root", "plans", "127.0.0.1")
    }
    assert all(each["credential"] for each in found)
    pages = list[dict[str, object]]()
    url: str | None = f"{ACCESS}/audit?limit=4"
    while url is not None:
        page = await admin.get(url)
        pages += page.json()
        url = page.links["next"]["url"] if "next" in page.links else None
    assert pages == found


@pytest.mark.parametrize(
    "body", [{}, {"user_id": "a", "token_id": "b"}, {"user_id": ""}, {"token_id": "a\u2028b"}]
)
async def test_a_revocation_names_one_thing(admin: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await admin.post(f"{ACCESS}/revocations", json=body)).status_code == 422
