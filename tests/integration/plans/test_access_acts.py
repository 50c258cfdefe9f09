"""API keys, members, revocations and the audit log over REST: for admins, of their own workspace alone."""

from collections.abc import AsyncIterator

import httpx
import pytest
from support.plans_world import PlansWorld

from agentbus.bus.reader import Reader
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
    async with plans.client(service, user="root", workspace=request.node.name, role=Role.ADMIN) as client:
        yield client


async def created(admin: httpx.AsyncClient, **body: object) -> dict[str, str]:
    response = await admin.post(f"{ACCESS}/keys", json={"name": "a key", **body})
    assert response.status_code == 201, response.text
    key: dict[str, str] = response.json()
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
    secret = key["key"].rpartition("_")[2]
    listed = (await admin.get(f"{ACCESS}/keys")).json()
    assert [each["key_id"] for each in listed] == [key["key_id"]]
    assert listed[0] == {name: value for name, value in key.items() if name != "key"}
    end = await plans.reader.end_offset(ACCESS_CHANGES, 0)
    values = [record.value async for record in plans.reader.read(ACCESS_CHANGES, 0, 0, end)]
    assert any(key["key_id"].encode() in value for value in values)
    assert not any(secret.encode() in value for value in values)
    assert secret not in str(await entries(admin))
