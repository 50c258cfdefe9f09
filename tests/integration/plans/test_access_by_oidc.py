"""Who an OIDC issuer names has the role of their membership, in the workspace that the request names."""

from collections.abc import AsyncIterator

import httpx
import pytest
from support.oidc_issuer import OidcIssuer, ec_key, oidc_issuer
from support.plans_world import PlansWorld

from agentbus.chassis.auth import Role

MEMBERS = "/api/v3/access/members"


@pytest.fixture
async def issuer() -> AsyncIterator[OidcIssuer]:
    async with oidc_issuer() as issuer:
        yield issuer


@pytest.fixture
async def door(plans: PlansWorld, issuer: OidcIssuer) -> AsyncIterator[httpx.ASGITransport]:
    """A service that lets in whom the issuer names."""
    async with plans.service(oidc_issuer=issuer.url, oidc_refetch_seconds=0.001) as service:
        yield service


def holder(door: httpx.ASGITransport, token: str, workspace: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    headers |= {"X-Workspace-Id": workspace} if workspace is not None else {}
    return httpx.AsyncClient(transport=door, base_url="http://127.0.0.1", headers=headers)


async def test_a_member_does_what_their_role_says_until_they_leave(
    plans: PlansWorld, door: httpx.ASGITransport, issuer: OidcIssuer
) -> None:
    async with (
        plans.client(door, user="root", workspace="by-oidc", role=Role.ADMIN) as admin,
        holder(door, issuer.token("first", sub="ann@example.org")) as ann,
    ):
        stranger = await ann.get("/api/v3/plans")
        assert (stranger.status_code, stranger.json()["code"]) == (403, "not_a_member")
        assert (await admin.put(f"{MEMBERS}/ann@example.org", json={"role": "viewer"})).status_code == 200
        assert (await ann.get("/api/v3/plans")).status_code == 200
        assert (await ann.post("/api/v3/process_request", json={"description": "x"})).status_code == 403
        assert (await admin.put(f"{MEMBERS}/ann@example.org", json={"role": "editor"})).status_code == 200
        started = await ann.post("/api/v3/process_request", json={"description": "x"})
        assert started.status_code == 200
        assert (await admin.delete(f"{MEMBERS}/ann@example.org")).status_code == 204
        assert (await ann.get("/api/v3/plans")).status_code in (401, 403)


async def test_the_workspace_is_named_where_there_are_several(
    plans: PlansWorld, door: httpx.ASGITransport, issuer: OidcIssuer
) -> None:
    for workspace in ("one", "two"):
        async with plans.client(door, user="root", workspace=workspace, role=Role.ADMIN) as admin:
            assert (await admin.put(f"{MEMBERS}/bob", json={"role": "viewer"})).status_code == 200
    token = issuer.token("first", sub="bob")
    async with holder(door, token) as bob:
        unnamed = await bob.get("/api/v3/plans")
        assert (unnamed.status_code, unnamed.json()["code"]) == (422, "workspace_required")
        assert (await bob.get("/api/v3/plans?workspace_id=two")).status_code == 200
    async with holder(door, token, "one") as bob:
        assert (await bob.get("/api/v3/plans")).status_code == 200
    async with holder(door, token, "three") as bob:
        assert (await bob.get("/api/v3/plans")).status_code == 403


async def test_a_key_that_the_issuer_has_just_begun_to_use_is_known_at_once(
    plans: PlansWorld, door: httpx.ASGITransport, issuer: OidcIssuer
) -> None:
    async with plans.client(door, user="root", workspace="rotating", role=Role.ADMIN) as admin:
        assert (await admin.put(f"{MEMBERS}/eve", json={"role": "viewer"})).status_code == 200
    old = issuer.token("first", sub="eve")
    async with holder(door, old) as eve:
        assert (await eve.get("/api/v3/plans")).status_code == 200
    issuer.keys = {"second": ec_key()}
    async with holder(door, issuer.token("second", sub="eve")) as eve:
        assert (await eve.get("/api/v3/plans")).status_code == 200
    async with holder(door, old) as eve:
        refused = await eve.get("/api/v3/plans")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_local_tokens_hold_beside_it(plans: PlansWorld, door: httpx.ASGITransport) -> None:
    async with plans.client(door) as local:
        assert (await local.get("/api/v3/plans")).status_code == 200
