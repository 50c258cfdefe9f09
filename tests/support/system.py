"""The whole system under test, as its users meet it: one origin, a token, and Kafka for taps.

The embedded stack, or with `AGENTBUS_TEST_STACK=env` the one that infra/compose/test has started; both have
handles to kill and stop their parts.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from pydantic import SecretStr
from support.compose_stack import ComposeStack
from support.eventually import eventually
from support.otlp_receiver import Receiver, receiving
from support.stack import stack_home

from agentbus.bus.codec import decode
from agentbus.bus.reader import Reader
from agentbus.chassis.auth import Role, issue
from agentbus.chassis.settings import ServiceSettings
from agentbus.contracts import topics
from agentbus.embedded.stack import Stack
from agentbus.mongo.client import connect
from agentbus.mongo.messages import MessageStore
from agentbus.plan.sequence import PlanSequence

TESTS = Path(__file__).parent.parent
WORKSPACE = "default"
USER = "tester"


@dataclass
class System:
    """One system: what a client can do with it, and what the log and the database hold."""

    stack: Stack | ComposeStack
    token: str
    traces: Receiver = field(default_factory=Receiver)

    @property
    def url(self) -> str:
        """The one origin."""
        return self.stack.url

    def client(self, *, token: str | None = None, base_url: str | None = None) -> httpx.AsyncClient:
        """Returns an HTTP client that sends the token."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.AsyncClient(base_url=base_url or self.url, headers=headers, timeout=120)

    async def submit(
        self, description: str = "Do as told", *, wait: int = 0, **fields: Any
    ) -> dict[str, Any]:
        """Starts a plan of the scripted team and returns the answer's body."""
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        body = {"description": description, "team_id": "scripted", **fields}
        async with self.client() as client:
            response = await client.post("/api/v3/process_request", json=body, headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def plan(self, plan_id: str, **query: Any) -> dict[str, Any]:
        """Returns the plan as REST tells it, with all pages of its messages."""
        async with self.client() as client:
            response = await client.get("/api/v3/plan", params={"plan_id": plan_id, **query})
            assert response.status_code == 200, response.text
            body: dict[str, Any] = response.json()
            while (following := response.links.get("next")) is not None:
                response = await client.get(following["url"])
                assert response.status_code == 200, response.text
                body["messages"] += response.json()["messages"]
        return body

    async def ended(self, plan_id: str, *, within: float = 60) -> dict[str, Any]:
        """Returns the plan once the database says that it has ended."""

        async def check() -> dict[str, Any]:
            plan = await self.plan(plan_id)
            assert plan["plan"]["status"] in ("completed", "failed", "canceled", "rejected"), plan["plan"][
                "status"
            ]
            return plan

        return await eventually(check, within=within)

    @asynccontextmanager
    async def socket(
        self, plan_id: str, *, after_seq: int = 0, headers: Mapping[str, str] | None = None, **query: Any
    ) -> AsyncIterator[websockets.ClientConnection]:
        """Opens a WebSocket on the plan."""
        parameters = httpx.QueryParams(
            {"user_id": USER, "after_seq": after_seq, "token": self.token, **query}
        )
        url = f"{self.url.replace('http', 'ws', 1)}/api/v3/socket/{plan_id}?{parameters}"
        async with websockets.connect(url, max_size=None, additional_headers=headers) as connection:
            yield connection

    async def watch(
        self, plan_id: str, *, after_seq: int = 0, until: str = "plan_completed"
    ) -> list[dict[str, Any]]:
        """Returns the messages that a watcher sees, up to the first of type `until`."""
        seen = []
        async with self.socket(plan_id, after_seq=after_seq) as connection:
            async for text in connection:
                frame = json.loads(text)
                if "seq" in frame["data"]:
                    assert frame["type"] == frame["data"]["type"]
                    seen.append(frame["data"])
                if frame["type"] == until:
                    break
        return seen

    async def on_kafka(self, plan_id: str) -> list[dict[str, Any]]:
        """Returns the plan's accepted messages as any Kafka client reads them."""
        reader = Reader(self.stack.bus_address("tests"))
        await reader.start()
        try:
            partition = await reader.partition_for(topics.MESSAGES, plan_id)
            sequence, found = PlanSequence(), []
            async for record in reader.read(topics.MESSAGES, partition, 0, key=plan_id):
                message = decode(record.value)
                if sequence.accept(message["seq"], message["attempt"]).accepted:
                    found.append(message)
            return found
        finally:
            await reader.stop()

    async def in_database(self, plan_id: str) -> list[dict[str, Any]]:
        """Returns the plan's messages as they stand in the database."""
        database = connect(
            self.stack.mongo_url, "agentbus", **{**self.stack.database_options(), "call_seconds": 60}
        )
        try:
            return await MessageStore(database).read(plan_id)
        finally:
            database.close()

    async def metric(self, service: str, name: str) -> float:
        """Returns the sum of a metric's samples, as Prometheus would scrape them."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self.stack.port(service)}/metrics")).text
        lines = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        assert lines, f"{service} has no metric {name}"
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def environment() -> dict[str, str]:
    """Returns what services need to know the scripted team, and to record the traces that tests begin."""
    return {
        "AGENTBUS_TRACE_SAMPLE_RATIO": "0",
        "AGENTBUS_TEAMS": "support.scripted_team:ScriptedTeam",
        "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def token(
    stack: Stack | ComposeStack, *, user: str = USER, workspace: str = WORKSPACE, role: Role = Role.EDITOR
) -> str:
    """Returns an access token of the stack."""
    settings = ServiceSettings(auth_secret=SecretStr(stack.layout.secret()))
    return issue(settings, user, workspace, role, timedelta(hours=1))


@pytest.fixture(scope="session")
async def system() -> AsyncIterator[System]:
    """The whole system, started once for the session; a test that breaks a part mends it."""
    if os.environ.get("AGENTBUS_TEST_STACK") == "env":
        composed = ComposeStack.from_environment()
        yield System(composed, token(composed))
        return
    with stack_home() as home, receiving() as traces:
        collected = {"AGENTBUS_OTLP_ENDPOINT": traces.url}
        async with Stack(home=home, environment=environment() | collected) as running:
            yield System(running, token(running), traces)
            print(f"logs of the system: {home}", file=sys.stderr)


def check_order(messages: list[dict[str, Any]]) -> None:
    """Each `seq` once, from 1, in order."""
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
