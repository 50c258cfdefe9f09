"""A plan and a task whose traces are followed through every service, by who goes on from whom (H1).

Run against whatever collects the spans of a system: in `make test` the receiver itself, in `make observe` a
real Collector before it.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Final

import websockets
from support.eventually import eventually
from support.otlp_receiver import Received
from support.system import WORKSPACE, System

CONTENT: Final = "what-nobody-may-read-on-a-span"
TASKS: Final = f"/api/v3/workspaces/{WORKSPACE}/tasks"

WITHIN: Final = {
    ("plans: POST /api/v3/process_request", "plans: send agent.commands"),
    ("plans: send agent.commands", "runner: process agent.commands"),
    ("runner: process agent.commands", "runner: invoke_agent"),
    ("runner: invoke_agent", "runner: execute_tool tick"),
    ("persister: process agent.messages", "persister: insert messages"),
    ("persister: process agent.messages", "persister: insert plans"),
    ("gateway: open socket", "gateway: find messages"),
    ("gateway: open socket", "gateway: socket"),
}
ACROSS: Final = (
    "runner: send agent.messages",
    "persister: process agent.messages",
    "gateway: deliver agent.messages",
    "telemetry: process agent.messages",
    "workspace: process agent.messages",
)
"""Go on from what the runner said."""

OF_A_TASK: Final = {
    (f"workspace: POST {TASKS.replace(WORKSPACE, '{workspace_id}')}", "workspace: INSERT workspace.outbox"),
    (f"workspace: POST {TASKS.replace(WORKSPACE, '{workspace_id}')}", "workspace: publish outbox"),
    ("workspace: publish outbox", "workspace: send workspace.changes"),
    ("workspace: publish outbox", "workspace: DELETE workspace.outbox"),
    (f"workspace: POST {TASKS.replace(WORKSPACE, '{workspace_id}')}", "gateway: deliver workspace.changes"),
}


@dataclass(frozen=True)
class Caller:
    """A client that records its trace."""

    trace_id: str
    headers: dict[str, str]


def caller(*, recorded: bool = True) -> Caller:
    """Returns a client with a trace of its own."""
    trace_id = secrets.token_hex(16)
    flags = "01" if recorded else "00"
    return Caller(trace_id, {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"})


async def run_plan(system: System, by: Caller) -> str:
    """Runs a plan that is watched from its start and read again after its end; returns its id."""
    inputs = {"messages": 3, "actions": 2, "pause_seconds": 0.2, "stream": True, "note": CONTENT}
    body = {"description": CONTENT, "team_id": "scripted", "inputs": inputs}
    async with system.client() as client:
        answer = await client.post("/api/v3/process_request", json=body, headers=by.headers)
    plan_id = str(answer.json()["plan_id"])
    async with system.socket(plan_id, headers=by.headers) as connection:
        await _until(connection, "plan_completed")
    await system.ended(plan_id)
    async with system.socket(plan_id, headers=by.headers) as connection:
        await _until(connection, "plan_completed")
    return plan_id


async def make_task(system: System, by: Caller) -> None:
    """Makes a task while somebody has the workspace open, and waits until they hear of it."""
    url = f"{system.url.replace('http', 'ws', 1)}/api/v3/workspaces/{WORKSPACE}/socket?token={system.token}"
    async with websockets.connect(url, max_size=None) as connection, system.client() as client:
        await _until(connection, "connection_established")
        answer = await client.post(TASKS, json={"title": CONTENT}, headers=by.headers)
        assert answer.status_code == 201, answer.text
        await _until(connection, "workspace_change")


async def _until(connection: websockets.ClientConnection, kind: str) -> None:
    async for text in connection:
        if json.loads(text)["type"] == kind:
            return
    raise AssertionError(f"the socket ended before {kind}")


async def complete(system: System, by: Caller, expected: set[tuple[str, str]]) -> list[Received]:
    """Returns the spans of the caller's trace once they have all the edges that are expected."""

    async def check() -> None:
        missing = expected - system.traces.edges(by.trace_id)
        assert not missing, f"{missing} not among {sorted(system.traces.edges(by.trace_id))}"

    await eventually(check, within=60)
    return system.traces.of_trace(by.trace_id)


async def across(system: System, by: Caller) -> None:
    """Returns when each service that reads the log goes on from the runner in the caller's trace."""

    async def check() -> None:
        edges = system.traces.edges(by.trace_id)
        followed = {after for before, after in edges if before.startswith("runner: ")}
        assert set(ACROSS) <= followed, set(ACROSS) - followed

    await eventually(check, within=60)
