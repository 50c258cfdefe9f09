"""A hung action is alerted while it runs, told over every channel, and resolved after it ended (C5)."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.alert_receivers import mailing, receiving
from support.alert_world import (
    ALERTS,
    ARGUMENT,
    SECRET,
    AlertWorld,
    Hanging,
    alert_world,
    alerts,
    email,
    one_alert,
    webhook,
)
from support.eventually import eventually
from support.stack import Infra

from agentbus.contracts.timestamps import parse_timestamp
from agentbus.embedded.ports import choose

pytestmark = pytest.mark.integration
LIMIT_SECONDS = 1.0


@pytest.fixture(scope="module")
async def world(stack: Infra) -> AsyncIterator[AlertWorld]:
    async with alert_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace()) as world:
        yield world


async def test_a_hung_action_is_told_while_it_runs_and_resolved_after(
    world: AlertWorld, tell: Callable[[str], None]
) -> None:
    workspace = f"w-{uuid4()}"
    hung = world.hanging(workspace, str(uuid4()))
    with receiving(lambda: 503, lambda: None) as receiver, mailing() as mailbox:
        async with (
            world.telemetry.service(**webhook(receiver), **email(mailbox)) as service,
            world.editor(service, workspace) as client,
        ):
            await client.put(f"{ALERTS}/limits/tool/ruff", json={"limit": LIMIT_SECONDS})
            await hung.starts()
            alert = await one_alert(client, "firing")
            late = parse_timestamp(alert["fired_at"]) - parse_timestamp(alert["diagnosis"]["started_at"])
            tell(f"fired {late.total_seconds() - LIMIT_SECONDS:.2f} s after the limit")
            assert alert["subject"] == {
                "plan_id": hung.plan_id,
                "action_id": "a1",
                "agent": "analyst",
                "tool": "ruff",
            }
            diagnosis = alert["diagnosis"]
            assert diagnosis["expected"] == {
                "basis": "limit",
                "seconds": LIMIT_SECONDS,
                "set_for": "tool ruff",
                "p95_seconds": None,
                "samples": None,
            }
            diagnosis = await eventually(lambda: diagnosed(client, alert["alert_id"]), within=60)
            assert diagnosis["argument_bytes"] == {"paths": len(json.dumps(ARGUMENT))}
            assert [each["type"] for each in diagnosis["last_messages"]] == [
                "plan_created",
                "plan_started",
                "action_started",
            ]
            assert "Nothing came since it started" in diagnosis["probable_cause"]
            assert ARGUMENT not in json.dumps(alert)
            await hung.ends()
            await one_alert(client, "resolved")

            async def told() -> dict[str, Any]:
                history = dict((await client.get(f"{ALERTS}/{alert['alert_id']}")).json())
                assert {each["state"] for each in history["deliveries"]} == {"delivered"}
                assert len(history["deliveries"]) == 4
                return history

            history = await eventually(told, within=60)
    assert receiver.transitions() == ["firing", "resolved"]
    assert len(receiver.posts) == 4, "it failed twice first"
    assert len({post.headers["webhook-id"] for post in receiver.posts[:3]}) == 1
    assert all(post.signed_by(SECRET) for post in receiver.posts)
    assert [each["transition"] for each in history["events"]] == ["firing", "resolved"]
    tries = sorted((each["channel"], each["tries"]) for each in history["deliveries"])
    assert tries == [("email", 1), ("email", 1), ("webhook", 1), ("webhook", 3)]
    first, second = mailbox.mails
    assert first["Subject"].startswith("[WARNING] ExecutionOverdue: ruff by analyst runs for")
    assert second["In-Reply-To"] == first["Message-ID"]
    assert await on_topic(world, workspace) == ["firing", "resolved"]


async def test_killed_between_raising_and_telling_it_is_told_in_the_end_and_once(
    world: AlertWorld, tmp_path: Path
) -> None:
    workspace, port, log = f"w-{uuid4()}", choose(set()), tmp_path / "telemetry.log"
    hung = world.hanging(workspace, str(uuid4()))
    await world.telemetry.rows(
        "insert into telemetry.limits values ($1, 'tool', 'ruff', 0.5, now(), 'ann') returning 1", workspace
    )
    arrived, killed = Event(), Event()

    def keeps_waiting() -> None:
        arrived.set()
        killed.wait(60)

    with receiving(keeps_waiting) as receiver:
        settings = {"alert_webhook_url": receiver.url, "alert_webhook_secret": SECRET}
        async with world.process(port, log, **settings) as process:
            await hung.starts()
            await eventually(lambda: _holds(arrived), within=120)
            process.kill()
            await process.wait()
            killed.set()
        assert receiver.transitions() == []
        async with world.process(port, log, **settings):
            await eventually(lambda: _told(receiver.transitions(), ["firing"]), within=120)
            await hung.ends()
            await eventually(lambda: _told(receiver.transitions(), ["firing", "resolved"]), within=180)
    states = await world.telemetry.rows(
        "select state from telemetry.alerts where workspace_id = $1", workspace
    )
    assert states == [{"state": "resolved"}]
    assert await on_topic(world, workspace) == ["firing", "resolved"]
    logged = log.read_text()
    assert SECRET not in logged
    assert "hook-key" not in logged


async def test_what_took_too_long_by_its_own_history_is_compared_with_it(world: AlertWorld) -> None:
    workspace = f"w-{uuid4()}"
    async with (
        world.telemetry.service(alert_overdue_samples=3, alert_overdue_least_seconds=1.5) as service,
        world.editor(service, workspace) as client,
    ):
        for _ in range(3):
            plan = world.hanging(workspace, str(uuid4()))
            await plan.starts()
            await plan.ends()
        hung = world.hanging(workspace, str(uuid4()))
        await hung.starts()

        async def both() -> list[dict[str, Any]]:
            found = await alerts(client, state="firing", plan_id=hung.plan_id)
            assert len(found) == 2
            return sorted(found, key=lambda alert: "tool" in alert["subject"])

        of_plan, of_action = await eventually(both, within=60)
        assert of_plan["subject"] == {"plan_id": hung.plan_id, "team": "review"}
        for alert in (of_plan, of_action):
            expected = alert["diagnosis"]["expected"]
            assert (expected["basis"], expected["samples"]) == ("history", 3)
            assert len(alert["diagnosis"]["compared"]) == 3
            assert hung.plan_id not in {each["plan_id"] for each in alert["diagnosis"]["compared"]}
        assert of_plan["diagnosis"]["inner_actions"] == ["ruff (a1)"]
        await hung.ends()
        await eventually(lambda: _none_fires(client), within=60)


async def test_a_channel_that_hangs_holds_up_neither_evaluation_nor_another_channel(
    world: AlertWorld,
) -> None:
    workspace, free = f"w-{uuid4()}", Event()
    await world.telemetry.rows(
        "insert into telemetry.limits values ($1, 'agent', '*', 0.5, now(), 'ann') returning 1", workspace
    )
    with receiving(lambda: 200 + free.wait(60)) as receiver, mailing() as mailbox:
        async with (
            world.telemetry.service(**webhook(receiver), **email(mailbox)) as service,
            world.editor(service, workspace) as client,
        ):
            first, second = (world.hanging(workspace, str(uuid4()), tool) for tool in ("ruff", "mypy"))
            await first.starts()
            await eventually(lambda: _told_of(receiver.posts, first), within=60)
            await second.starts()
            await eventually(lambda: _told_of(mailbox.texts(), second), within=60)
            assert len(receiver.posts) == 1, "the webhook still hangs with the first"
            free.set()
            assert len(await alerts(client, state="firing")) == 2
            await first.ends()
            await second.ends()
            await eventually(lambda: _none_fires(client), within=60)


async def test_when_the_connection_that_leads_is_cut_evaluation_goes_on(world: AlertWorld) -> None:
    workspace = f"w-{uuid4()}"
    async with world.telemetry.service() as service, world.editor(service, workspace) as client:
        await client.put(f"{ALERTS}/limits/tool/ruff", json={"limit": 0.5})
        first, second = (world.hanging(workspace, str(uuid4())) for _ in range(2))
        await first.starts()
        before = await one_alert(client, "firing")
        cut = await world.telemetry.rows(
            "select pg_terminate_backend(pid) as done from pg_locks join pg_database on oid = database "
            "where datname = current_database() and locktype = 'advisory' and objid = "
            "hashtext('telemetry evaluation')::bigint & 4294967295"
        )
        assert cut == [{"done": True}]
        await second.starts()

        async def both() -> None:
            assert len(await alerts(client, state="firing")) == 2

        await eventually(both, within=60)
        (still,) = await alerts(client, plan_id=first.plan_id)
        assert still == before
        await first.ends()
        await second.ends()
        await eventually(lambda: _none_fires(client), within=60)


async def on_topic(world: AlertWorld, workspace: str) -> list[str]:
    async def both() -> list[str]:
        mine = [each for each in await world.told() if each["alert"]["workspace_id"] == workspace]
        assert len(mine) == 2
        assert len({each["number"] for each in mine}) == 2
        return [each["transition"] for each in mine]

    return await eventually(both, within=60)


def _holds(event: Event) -> None:
    assert event.is_set()


async def diagnosed(client: httpx.AsyncClient, alert_id: str) -> dict[str, Any]:
    """Returns an alert's diagnosis once the log was read for it: not at once on a busy machine."""
    diagnosis = (await client.get(f"{ALERTS}/{alert_id}")).json()["diagnosis"]
    assert diagnosis["last_messages"] is not None
    return dict(diagnosis)


def _told(found: list[str], expected: list[str]) -> None:
    assert found == expected


def _told_of(found: Sequence[object], hung: Hanging) -> None:
    assert any(hung.plan_id in str(each) for each in found)


async def _none_fires(client: httpx.AsyncClient) -> None:
    assert await alerts(client, state="firing") == []
