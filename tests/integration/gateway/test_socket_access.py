"""Who may watch, until when, as what: expiry, another token in-band, revocation, scopes, Origin."""

import asyncio
import hashlib
import time
from datetime import timedelta
from typing import Any

import orjson
import pytest
from support.gateway_service import GatewayService, close_of, commands, gateway_service, next_frame
from support.messages import message
from support.persister_world import PersisterWorld
from support.watched_world import known_plan
from websockets.asyncio.client import ClientConnection, connect

from agentbus.chassis.auth import issue
from agentbus.contracts.access import ApiKey, Membership, RevokedToken, RevokedUser
from agentbus.contracts.topics import ACCESS_CHANGES

pytestmark = pytest.mark.integration

NOW: dict[str, Any] = {"changed_at": "2026-01-01T00:00:00.000000Z", "changed_by": "admin"}
LATER = "2100-01-01T00:00:00.000000Z"
APPROVE = '{"type":"plan_approval_response","data":{"approved":true,"m_plan_id":"mp1"}}'


async def change(world: PersisterWorld, fact: ApiKey | Membership | RevokedToken | RevokedUser) -> None:
    """Writes what the plan service writes when access changes."""
    value = orjson.dumps(fact.model_dump(mode="json"))
    await world.producer.send(ACCESS_CHANGES, fact.subject, value, schema="access_change.v1")


def revoked_user(user: str) -> RevokedUser:
    subject = f"revoked-user/default/{user}"
    return RevokedUser(subject=subject, workspace_id="default", user_id=user, before=LATER, **NOW)


def api_key(role: str, scopes: list[str]) -> ApiKey:
    return ApiKey(
        subject="key/abcdefgh12345678",
        workspace_id="default",
        key_id="abcdefgh12345678",
        secret_sha256=hashlib.sha256(b"s" * 43).hexdigest(),
        name="test",
        user_id="robot",
        role=role,  # type: ignore[arg-type]
        scopes=scopes,
        expires_at=LATER,
        **NOW,
    )


async def refreshed(socket: ClientConnection, token: Any) -> dict[str, Any]:
    await socket.send(orjson.dumps({"type": "authenticate", "data": {"token": token}}).decode())
    return await next_frame(socket, "authenticated")


def soon(service: GatewayService, seconds: float, role: str = "editor") -> str:
    """A token that lets in for so many seconds more, the leeway for clocks included."""
    return issue(service.settings, "local", "default", role, timedelta(seconds=seconds - 5))


async def test_another_token_over_the_socket_carries_it_past_the_first_ones_expiry(
    world: PersisterWorld,
) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service, service.open(plan_id, token=soon(service, 4)) as socket:
        began = time.monotonic()
        answer = await refreshed(socket, service.token(role="viewer"))
        assert (answer["plan_id"], answer["user_id"], answer["role"]) == (plan_id, "local", "viewer")
        assert answer["expires_at"] > answer["timestamp"]
        await asyncio.sleep(5 - (time.monotonic() - began))  # past the first token's end
        await world.publish([message(plan_id, 2)])
        assert await service.seqs(socket, until=2) == [1, 2]
        await socket.send(APPROVE)
        assert (await next_frame(socket, "error_message"))["code"] == "forbidden"
        await refreshed(socket, soon(service, 1.5))
        began = time.monotonic()
        assert (await close_of(socket))[0] == 4401
        assert time.monotonic() - began < 3


async def test_a_token_that_does_not_hold_or_is_anothers_ends_the_socket(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service:
        for token, code in [
            ("not.a.token", 4401),
            (soon(service, -1), 4401),
            (service.token(user="another"), 4403),
            (service.token(workspace="another"), 4403),
        ]:
            async with service.open(plan_id) as socket:
                assert await service.seqs(socket, until=1) == [1]
                await socket.send(orjson.dumps({"type": "authenticate", "data": {"token": token}}).decode())
                assert (await close_of(socket))[0] == code


async def test_a_refresh_without_a_token_changes_nothing(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service, service.open(plan_id) as socket:
        for data in ("{}", '{"token": 5}', '{"token": ""}'):
            await socket.send(f'{{"type":"authenticate","data":{data}}}')
            assert (await next_frame(socket, "error_message"))["code"] == "bad_frame"
        assert (await refreshed(socket, service.token()))["role"] == "editor"


async def test_a_revoked_users_sockets_are_closed_at_once_and_no_others(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service:
        token = service.token(user="mallory")
        async with (
            service.open(plan_id, token=token, user_id=None) as one,
            service.open(plan_id, token=token, user_id=None) as two,
            service.open(plan_id) as other,
        ):
            for socket in (one, two, other):
                assert await service.seqs(socket, until=1) == [1]
            began = time.monotonic()
            await change(world, revoked_user("mallory"))
            for socket in (one, two):
                code, reason = await close_of(socket)
                assert code == 4401
                assert "revoked" in str(reason)
            assert time.monotonic() - began < 2
            await world.publish([message(plan_id, 2)])
            assert await service.seqs(other, until=2) == [2]
        async with service.open(plan_id, token=token, user_id=None) as socket:
            assert (await close_of(socket))[0] == 4401


async def test_one_revoked_token_ends_its_own_sockets_only(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world) as service:
        token = service.token()
        async with service.open(plan_id, token=token) as revoked, service.open(plan_id) as other:
            assert await service.seqs(revoked, until=1) == await service.seqs(other, until=1) == [1]
            token_id = service.gateway.access.identify(token).token_id or ""
            fact = RevokedToken(
                subject=f"revoked/default/{token_id}", workspace_id="default", token_id=token_id, **NOW
            )
            await change(world, fact)
            assert (await close_of(revoked))[0] == 4401
            await other.send('{"type":"ping"}')
            assert await next_frame(other, "pong")


@pytest.mark.parametrize(
    ("role", "scopes", "outcome"),
    [
        ("editor", ["plans:read", "plans:write"], "pong"),
        ("editor", ["plans:read"], "insufficient_scope"),
        ("viewer", ["plans:read", "plans:write"], "forbidden"),
    ],
)
async def test_an_api_key_may_what_its_role_and_scopes_say(
    world: PersisterWorld, role: str, scopes: list[str], outcome: str
) -> None:
    await change(world, api_key(role, scopes))
    plan_id = await known_plan(world)
    key = "ab_abcdefgh12345678_" + "s" * 43
    async with (
        gateway_service(world) as service,
        service.open(plan_id, token=key, user_id=None) as socket,
    ):
        assert await service.seqs(socket, until=1) == [1]
        await socket.send(APPROVE)
        await socket.send('{"type":"ping"}')
        async for text in socket:
            frame = orjson.loads(text)
            if frame["type"] in ("pong", "error_message"):
                assert frame["data"].get("code", frame["type"]) == outcome
                break
    assert len(await commands(world, plan_id)) == (outcome == "pong")


async def test_without_the_scope_to_read_nobody_watches(world: PersisterWorld) -> None:
    await change(world, api_key("editor", ["plans:write"]))
    plan_id = await known_plan(world)
    key = "ab_abcdefgh12345678_" + "s" * 43
    async with (
        gateway_service(world) as service,
        service.open(plan_id, token=key, user_id=None) as socket,
    ):
        assert (await close_of(socket))[0] == 4403


async def test_pages_of_other_origins_are_kept_out(world: PersisterWorld) -> None:
    plan_id = await known_plan(world)
    async with gateway_service(world, cors_origins=("https://app.example",)) as service:
        here = f"http://127.0.0.1:{service.gateway.sockets.port}"
        for origin, code in [
            ("https://evil.example", 4403),
            ("null", 4403),
            ("http://127.0.0.1:1", 4403),
            ("https://app.example.evil.example", 4403),
            ("https://app.example", None),
            (here, None),
            (None, None),
        ]:
            async with connect(service.url(plan_id), origin=origin) as socket:  # type: ignore[arg-type]
                if code is None:
                    assert await service.seqs(socket, until=1) == [1]
                else:
                    assert (await close_of(socket))[0] == code
