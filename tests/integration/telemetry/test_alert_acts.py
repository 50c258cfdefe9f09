"""What people do with alerts, and what the system tells of itself: acknowledge, silence, follow, health."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from support.alert_receivers import receiving
from support.alert_world import ALERTS, AlertWorld, Hanging, alerts, one_alert, webhook
from support.eventually import eventually
from support.served import served
from support.telemetry_world import TelemetryWorld

from agentbus.bus.record import Outgoing
from agentbus.chassis.auth import DEFAULT_WORKSPACE, Role, issue
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded.ports import choose

pytestmark = pytest.mark.integration
HEALTH: Final = "/api/v3/observability/health"


@pytest.fixture(scope="module")
def world(telemetry: TelemetryWorld) -> AlertWorld:
    return AlertWorld(telemetry)


async def hangs(world: AlertWorld, client: httpx.AsyncClient, workspace: str) -> Hanging:
    await client.put(f"{ALERTS}/limits/tool/ruff", json={"limit": 0.5})
    hung = world.hanging(workspace, str(uuid4()))
    await hung.starts()
    return hung


async def test_an_acknowledged_alert_is_someones_until_it_is_over(world: AlertWorld) -> None:
    workspace = f"w-{uuid4()}"
    async with world.telemetry.service() as service, world.editor(service, workspace) as client:
        hung = await hangs(world, client, workspace)
        alert_id = (await one_alert(client, "firing"))["alert_id"]
        for _ in range(2):
            answer = await client.post(f"{ALERTS}/{alert_id}/acknowledge", json={"note": "mine"})
            assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
        assert answer.json()["acknowledged_by"] == "ann"
        assert (await alerts(client, state="acknowledged", plan_id=hung.plan_id)) != []
        assert (await alerts(client, state="firing")) == []
        await hung.ends()
        await one_alert(client, "resolved")
        history = (await client.get(f"{ALERTS}/{alert_id}")).json()["events"]
        assert [each["transition"] for each in history] == ["firing", "acknowledged", "resolved"]
        assert [each["by"] for each in history] == [None, "ann", None]
        assert [each["note"] for each in history] == ["", "mine", ""]
        late = await client.post(f"{ALERTS}/{alert_id}/acknowledge", json={})
        assert (late.status_code, late.json()["code"]) == (409, "alert_is_over")


async def test_a_silenced_alert_is_seen_and_told_when_the_silence_ends(world: AlertWorld) -> None:
    workspace = f"w-{uuid4()}"
    with receiving() as receiver:
        async with (
            world.telemetry.service(**webhook(receiver)) as service,
            world.editor(service, workspace) as client,
        ):
            silence = {"rule": "ExecutionOverdue", "subject": {"tool": "ruff"}, "seconds": 3600}
            made = await client.post(f"{ALERTS}/silences", json=silence)
            assert made.status_code == 201, made.text
            other = {"subject": {"tool": "mypy"}, "seconds": 3600}
            await client.post(f"{ALERTS}/silences", json=other)
            hung = await hangs(world, client, workspace)
            alert = await one_alert(client, "firing")
            assert alert["silenced_until"] == made.json()["ends_at"]
            quiet = await hangs(world, client, workspace)
            await eventually(lambda: _fire(client, 2), within=60)
            await quiet.ends()
            await eventually(lambda: _fire(client, 1), within=60)
            assert receiver.posts == []
            ended = await client.delete(f"{ALERTS}/silences/{made.json()['silence_id']}")
            assert ended.status_code == 204
            await eventually(lambda: _told(receiver.transitions(), ["firing"]), within=60)
            assert receiver.taken[0].change["alert"]["subject"]["plan_id"] == hung.plan_id
            await hung.ends()
            await eventually(lambda: _told(receiver.transitions(), ["firing", "resolved"]), within=60)
            over = (await alerts(client, plan_id=quiet.plan_id))[0]
            deliveries = (await client.get(f"{ALERTS}/{over['alert_id']}")).json()["deliveries"]
            assert {each["state"] for each in deliveries} == {"silenced"}


async def test_the_stream_tells_each_change_of_ones_own_workspace(world: AlertWorld) -> None:
    workspace, settings = f"w-{uuid4()}", world.telemetry.settings
    async with served(world.telemetry.app(), settings) as port, at(port, world, workspace) as client:
        elsewhere = f"w-{uuid4()}"
        async with at(port, world, elsewhere) as stranger, client.stream("GET", f"{ALERTS}/stream") as answer:
            told = events(answer)
            assert await anext(told) == "RESYNC"
            for_others = await hangs(world, stranger, elsewhere)
            await eventually(lambda: _fire(stranger, 1), within=60)
            hung = await hangs(world, client, workspace)
            fired = await anext(told)
            await for_others.ends()
            await hung.ends()
            resolved = await anext(told)
    assert [each["transition"] for each in (fired, resolved)] == ["firing", "resolved"]
    assert {each["alert"]["workspace_id"] for each in (fired, resolved)} == {workspace}


async def test_health_tells_who_is_down_and_what_to_do_and_the_systems_alerts_are_for_its_operators(
    world: AlertWorld, tmp_path: Path
) -> None:
    taken: set[int] = set()
    up, down = choose(taken), choose(taken)
    targets = f"telemetry=http://127.0.0.1:{up},plans=http://127.0.0.1:{down}"
    async with (
        world.process(up, tmp_path / "telemetry.log", scrape_targets=targets),
        at(up, world, DEFAULT_WORKSPACE, Role.ADMIN) as operator,
        at(up, world, DEFAULT_WORKSPACE) as editor,
    ):

        async def seen(recommended: list[str]) -> dict[str, Any]:
            answer = await operator.get(HEALTH)
            assert answer.status_code == 200, answer.text
            assert {each["status"] for each in answer.json()["services"]} == {"up", "down"}
            told = [each["rule"] for each in answer.json()["recommendations"]]
            assert [rule for rule in told if rule != "ServiceDown"] == recommended
            return dict(answer.json())

        await eventually(lambda: seen([]), within=120)
        poison = Outgoing(MESSAGES, "nobody", b"no message")
        await world.telemetry.producer.send_all([poison], timeout_seconds=30)
        health = await eventually(lambda: seen(["DeadLetters"]), within=60)
        (alert,) = await alerts(operator, rule="DeadLetters")
        assert (alert["workspace_id"], alert["subject"]["group"]) == (None, "telemetry")
        assert (await editor.get(f"{ALERTS}/{alert['alert_id']}")).status_code == 404
        assert await alerts(editor, rule="DeadLetters") == []
        assert (await editor.get(HEALTH)).status_code == 403
    services = {each["service"]: each for each in health["services"]}
    assert (services["plans"]["status"], services["telemetry"]["status"]) == ("down", "up")
    assert services["telemetry"]["memory_bytes"] > 0
    assert services["telemetry"]["up_since"] is not None
    assert {store["name"]: store["ok"] for store in health["stores"]} == {
        "kafka": True,
        "postgres": True,
        "message database": None,
    }
    assert health["volumes"][0]["free_bytes"] > 0
    advice = next(each for each in health["recommendations"] if each["rule"] == "DeadLetters")
    assert advice["runbook"] == "infra/runbooks/dead-letters.md"
    assert "agentbus dlq list" in advice["recommendation"]


@asynccontextmanager
async def at(
    port: int, world: AlertWorld, workspace: str, role: Role = Role.EDITOR
) -> AsyncIterator[httpx.AsyncClient]:
    token = issue(world.telemetry.settings, "ann", workspace, role, timedelta(minutes=10))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:

        async def ready() -> None:
            try:
                assert (await client.get("/health/ready")).json()["status"] == "ready"
            except httpx.TransportError as error:
                raise AssertionError(str(error)) from error

        await eventually(ready, within=120)
        yield client


async def events(answer: httpx.Response) -> AsyncIterator[Any]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def _fire(client: httpx.AsyncClient, number: int) -> None:
    assert len(await alerts(client, state="firing")) == number


def _told(found: list[str], expected: list[str]) -> None:
    assert found == expected
