"""A telemetry service with channels, executions on the bus that hang when a test wants it, what was told."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr
from support.alert_receivers import Mailbox, Receiver
from support.eventually import eventually
from support.messages import message
from support.telemetry_world import TelemetryWorld, telemetry_world

from agentbus.bus.codec import decode
from agentbus.chassis.auth import Role
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import TELEMETRY_ALERTS

ALERTS: Final = "/api/v3/alerts"
SECRET: Final = "the-webhook-secret-of-24-characters"
ARGUMENT: Final = "content-that-no-alert-may-hold"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Hanging:
    """A plan whose action hangs until a test ends it."""

    plan_id: str
    workspace: str
    telemetry: TelemetryWorld
    tool: str = "ruff"
    seq: int = 0

    async def starts(self, *, seconds_ago: float = 0.0) -> None:
        started = now() - timedelta(seconds=seconds_ago)
        await self.say("plan_created", None, started)
        await self.say("plan_started", None, started)
        await self.say("action_started", "a1", started)

    async def ends(self) -> None:
        await self.say("action_completed", "a1", now())
        await self.say("plan_completed", None, now())

    async def say(self, kind: str, action_id: str | None, at: datetime) -> None:
        self.seq += 1
        payload = {"tool": self.tool, "arguments": {"paths": ARGUMENT}, "duration_seconds": 1.0}
        told = message(
            self.plan_id,
            self.seq,
            type=kind,
            action_id=action_id,
            workspace_id=self.workspace,
            payload=payload if action_id else {"team": {"team_id": "review"}, "steps": [], "status": "x"},
            timestamp=format_timestamp(at),
        )
        await self.telemetry.publish([told])


@dataclass
class AlertWorld:
    """The service's surroundings, and what writes to the bus."""

    telemetry: TelemetryWorld

    def hanging(self, workspace: str, plan_id: str, tool: str = "ruff") -> Hanging:
        return Hanging(plan_id, workspace, self.telemetry, tool)

    def editor(self, service: httpx.ASGITransport, workspace: str) -> httpx.AsyncClient:
        return self.telemetry.client(service, workspace=workspace, role=Role.EDITOR)

    async def told(self) -> list[dict[str, Any]]:
        """Returns what stands on `telemetry.alerts`."""
        return [decode(record.value) async for record in self.telemetry.reader.read(TELEMETRY_ALERTS, 0, 0)]

    @asynccontextmanager
    async def process(
        self, port: int, log: Path, **settings: str
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Runs the service as a process, to be killed."""
        known = self.telemetry.settings
        environment = {
            **os.environ,
            "AGENTBUS_KAFKA_BOOTSTRAP": known.kafka_bootstrap,
            "AGENTBUS_POSTGRES_URL": known.postgres_url,
            "AGENTBUS_NAMESPACE": known.namespace,
            "AGENTBUS_AUTH_SECRET": "s" * 32,
            "AGENTBUS_PORT": str(port),
            **{f"AGENTBUS_{name.upper()}": value for name, value in settings.items()},
        }
        with log.open("ab") as output:
            command = (sys.executable, "-m", "agentbus.telemetry")
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, stdout=output, stderr=output
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def webhook(receiver: Receiver) -> Mapping[str, Any]:
    """Returns the settings of the channel."""
    return {"alert_webhook_url": SecretStr(receiver.url), "alert_webhook_secret": SecretStr(SECRET)}


def email(mailbox: Mailbox) -> Mapping[str, Any]:
    """Returns the settings of the channel."""
    return {
        "alert_smtp_host": "127.0.0.1",
        "alert_smtp_port": mailbox.port,
        "alert_smtp_security": "none",
        "alert_smtp_to": ("ops@example.org",),
    }


async def alerts(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    """Returns what the route lists."""
    answer = await client.get(ALERTS, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def one_alert(client: httpx.AsyncClient, state: str) -> dict[str, Any]:
    """Waits for one alert, and that it has this state."""

    async def found() -> dict[str, Any]:
        listed = await alerts(client)
        assert [alert["state"] for alert in listed] == [state], listed
        return listed[0]

    return await eventually(found, within=60)


@asynccontextmanager
async def alert_world(kafka_bootstrap: str, postgres_url: str, namespace: str) -> AsyncIterator[AlertWorld]:
    """Gives a world of one test module's own."""
    async with telemetry_world(kafka_bootstrap, postgres_url, namespace) as telemetry:
        yield AlertWorld(telemetry)
