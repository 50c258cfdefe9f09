"""A workspace's socket on real Kafka: what was missed, live, resync, presence, access, and its end."""

import asyncio
import hashlib
from typing import Any
from uuid import uuid4

import orjson
import pytest
from support.gateway_service import close_of, gateway_service, next_frame
from support.persister_world import PersisterWorld
from support.workspace_changes import change
from support.workspace_sockets import heard, open_socket, publish

from agentbus.contracts.access import ApiKey, RevokedUser
from agentbus.contracts.topics import ACCESS_CHANGES

pytestmark = pytest.mark.integration


async def test_a_change_over_the_socket_is_the_one_on_the_bus(world: PersisterWorld) -> None:
    space = f"w-{uuid4().hex[:8]} grüße"
    await publish(world, space, 1, 2, 3)
    async with gateway_service(world) as service, open_socket(service, space, after_seq=2) as socket:
        greeting = await next_frame(socket, "connection_established")
        assert (greeting["workspace_id"], greeting["after_seq"], greeting["last_seq"]) == (space, 2, 3)
        assert await next_frame(socket, "workspace_change") == change(space, 3)
        await publish(world, space, 4, document={"id": "t1", "title": "🙂", "_deleted": True})
        assert (await next_frame(socket, "workspace_change"))["document"]["title"] == "🙂"
        async with open_socket(service, space) as live, open_socket(service, space, after_seq=0) as all_of_it:
            await next_frame(live, "connection_established")
            await publish(world, space, 4, 5)
            assert await heard(all_of_it, until=5) == [1, 2, 3, 4, 5]
            assert await heard(live, until=5) == [5]
        assert await heard(socket, until=5) == [5]


async def test_other_workspaces_on_the_partition_are_not_heard_and_what_is_too_old_is_pulled(
    world: PersisterWorld,
) -> None:
    space = "w1"
    await publish(world, space, *range(1, 21))
    options = {"gateway_workspace_history_records": 5}
    async with (
        gateway_service(world, **options) as service,
        open_socket(service, space, after_seq=3) as late,
        open_socket(service, space, after_seq=15) as recent,
        open_socket(service, "w2", after_seq=0) as other,
    ):
        for socket in (late, recent, other):
            await next_frame(socket, "connection_established")
        await publish(world, space, 21)
        assert await heard(late, until=21) == ["resync", 21]
        assert await heard(recent, until=21) == [16, 17, 18, 19, 20, 21]
        await publish(world, "w2", 1)
        assert await heard(other, until=1) == ["resync", 1]


async def test_who_is_here_and_frames_of_clients(world: PersisterWorld) -> None:
    async with gateway_service(world) as service, open_socket(service, "w1") as ada:
        assert (await next_frame(ada, "presence"))["user_ids"] == ["ada"]
        async with open_socket(service, "w1", "ben") as ben:
            assert (await next_frame(ben, "presence"))["user_ids"] == ["ada", "ben"]
            while (await next_frame(ada, "presence"))["user_ids"] != ["ada", "ben"]:
                pass
        assert (await next_frame(ada, "presence"))["user_ids"] == ["ada"]
        await ada.send('{"type":"ping","data":{"n":1}}')
        assert (await next_frame(ada, "pong"))["n"] == 1
        await ada.send('{"type":"connection_check"}')
        assert (await next_frame(ada, "connection_established"))["workspace_id"] == "w1"
        token = service.token("ada", "w1", "editor")
        await ada.send(orjson.dumps({"type": "authenticate", "data": {"token": token}}).decode())
        answer = await next_frame(ada, "authenticated")
        assert (answer["workspace_id"], answer["role"]) == ("w1", "editor")
        await ada.send('{"type":"plan_approval_response","data":{"approved":true}}')
        refusal = await next_frame(ada, "error_message")
        assert (refusal["workspace_id"], refusal["code"]) == ("w1", "unknown_type")


async def test_who_is_at_another_gateway_is_here_too(world: PersisterWorld) -> None:
    async with (
        gateway_service(world) as first,
        gateway_service(world) as second,
        open_socket(first, "w1") as ada,
    ):
        assert (await next_frame(ada, "presence"))["user_ids"] == ["ada"]
        async with open_socket(second, "w1", "ben") as ben, open_socket(second, "w2", "cy"):
            while (await next_frame(ben, "presence"))["user_ids"] != ["ben", "ada"]:
                pass
            while (await next_frame(ada, "presence"))["user_ids"] != ["ada", "ben"]:
                pass
        while (await next_frame(ada, "presence"))["user_ids"] != ["ada"]:
            pass


async def test_who_may_not_hears_nothing(world: PersisterWorld) -> None:
    async with gateway_service(world) as service:
        foreign = service.token("ada", "another", "admin")
        refused: list[tuple[dict[str, Any], int]] = [
            ({"token": None}, 4401),
            ({"token": "not.a.token"}, 4401),
            ({"token": foreign}, 4403),
            ({"token": foreign, "workspace_id": "another"}, 4403),
            ({"user_id": "ben"}, 4403),
            ({"after_seq": "x"}, 4400),
        ]
        for query, code in refused:
            async with open_socket(service, "w1", **query) as socket:
                assert (await close_of(socket))[0] == code, query
        assert service.gateway.workspaces.find("w1") is None


@pytest.mark.parametrize(("scope", "code"), [("workspace:read", None), ("plans:read", 4403)])
async def test_an_api_key_needs_the_scope_of_workspaces(
    world: PersisterWorld, scope: str, code: int | None
) -> None:
    fact = ApiKey(
        subject="key/abcdefgh12345678",
        workspace_id="w1",
        key_id="abcdefgh12345678",
        secret_sha256=hashlib.sha256(b"s" * 43).hexdigest(),
        name="test",
        user_id="robot",
        role="viewer",
        scopes=[scope],
        expires_at="2100-01-01T00:00:00.000000Z",
        changed_at="2026-01-01T00:00:00.000000Z",
        changed_by="admin",
    )
    value = orjson.dumps(fact.model_dump(mode="json"))
    await world.producer.send(ACCESS_CHANGES, fact.subject, value, schema="access_change.v1")
    async with gateway_service(world) as service:
        token = "ab_abcdefgh12345678_" + "s" * 43
        async with open_socket(service, "w1", token=token) as socket:
            if code is None:
                assert (await next_frame(socket, "presence"))["user_ids"] == ["robot"]
            else:
                assert (await close_of(socket))[0] == code


async def test_a_revoked_user_is_out_at_once_and_no_longer_here(world: PersisterWorld) -> None:
    fact = RevokedUser(
        subject="revoked-user/w1/mallory",
        workspace_id="w1",
        user_id="mallory",
        before="2100-01-01T00:00:00.000000Z",
        changed_at="2026-01-01T00:00:00.000000Z",
        changed_by="admin",
    )
    async with (
        gateway_service(world) as service,
        open_socket(service, "w1") as ada,
        open_socket(service, "w1", "mallory") as mallory,
    ):
        assert (await next_frame(mallory, "presence"))["count"] == 2
        value = orjson.dumps(fact.model_dump(mode="json"))
        await world.producer.send(ACCESS_CHANGES, fact.subject, value, schema="access_change.v1")
        assert (await close_of(mallory))[0] == 4401
        while (await next_frame(ada, "presence"))["user_ids"] != ["ada"]:
            pass


async def test_a_socket_that_does_not_read_is_closed_and_holds_up_nobody(world: PersisterWorld) -> None:
    options = {"gateway_unsent_limit_bytes": 50_000, "gateway_close_grace_seconds": 0.2}
    async with gateway_service(world, **options) as service, open_socket(service, "w1") as reading:
        await next_frame(reading, "connection_established")
        silent = open_socket(service, "w1", "silent")
        async with silent as socket:
            await next_frame(socket, "connection_established")
            socket.transport.pause_reading()
            big = {"document": {"id": "t1", "title": "x" * 100_000}}
            task = asyncio.create_task(heard(reading, until=200))
            for seq in range(1, 201):
                await publish(world, "w1", seq, **big)
            assert await asyncio.wait_for(task, 30) == list(range(1, 201))
            socket.transport.resume_reading()
            assert (await close_of(socket))[0] in (4408, 1006)
