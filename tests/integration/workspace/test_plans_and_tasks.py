"""A plan that works on a task tells it how far it is, on real Kafka and PostgreSQL, for everyone to see."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from support.eventually import eventually
from support.messages import message
from support.workspace_world import ROOT, WorkspaceWorld

from agentbus.bus.producer import Producer
from agentbus.bus.record import Outgoing
from agentbus.contracts.topics import MESSAGES

STEPS = [
    {"id": "s1", "description": "Read the tree", "agent": "reader", "status": "pending"},
    {"id": "s2", "description": "Write the report", "agent": "reporter", "status": "pending"},
]
RUN: list[tuple[str, dict[str, Any]]] = [
    ("plan_started", {"steps": STEPS}),
    ("action_started", {"tool": "read", "arguments": {}, "step_id": "s1"}),
    ("user_clarification_request", {"request_id": "r", "question": "Which?"}),
    ("final_result_message", {"status": "completed", "summary": "2 faults"}),
    ("plan_completed", {"status": "completed"}),
]


class Plan:
    """A plan of one task, published message by message as a runner does."""

    def __init__(
        self, producer: Producer, workspace: str, task: str, user: str = "ben", second: int = 0
    ) -> None:
        self.id, self._producer = str(uuid4()), producer
        created = {
            "description": "review",
            "team": {"team_id": "t", "name": "T"},
            "inputs": {"task_id": task},
        }
        whose = {
            "workspace_id": workspace,
            "user_id": user,
            "timestamp": f"2026-01-01T00:00:{second:02}.000000Z",
        }
        self._log = [
            message(self.id, seq, type=kind, payload=payload, **whose)
            for seq, (kind, payload) in enumerate([("plan_created", created), *RUN], start=1)
        ]

    async def say(self, first: int, last: int) -> None:
        records = [Outgoing(MESSAGES, self.id, orjson.dumps(each)) for each in self._log[first - 1 : last]]
        await self._producer.send_all(records, timeout_seconds=30)


@pytest.fixture
async def producer(workspaces: WorkspaceWorld) -> AsyncIterator[Producer]:
    producer = Producer(workspaces.settings.bus_address("test"))
    await producer.start()
    yield producer
    await producer.stop()


async def task_of(client: httpx.AsyncClient, space: str, task: str) -> dict[str, Any]:
    answer = await client.get(f"{ROOT}/{space}/tasks/{task}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def said(client: httpx.AsyncClient, space: str, task: str, *wanted: str | None) -> None:
    """Waits until the task says so: plan, status, status message."""

    async def is_so() -> None:
        found = await task_of(client, space, task)
        assert (found.get("planId"), found.get("status"), found.get("statusMessage")) == wanted

    await eventually(is_so, within=60)


async def followed(workspaces: WorkspaceWorld, plans: dict[str, int]) -> None:
    """Waits until the plans were followed up to these messages."""

    async def is_so() -> None:
        rows = await workspaces.rows(
            "select plan_id, plan from workspace.task_plans where plan_id = any($1)", list(plans)
        )
        assert {each["plan_id"]: orjson.loads(each["plan"])["last_seq"] for each in rows} == plans

    await eventually(is_so, within=60)


async def test_a_task_follows_its_plan_to_its_end(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, producer: Producer
) -> None:
    space = f"w{uuid4().hex[:8]}"
    async with workspaces.client(workspace_service, workspace=space) as client:
        await client.put(f"{ROOT}/{space}/tasks/t1", json={"title": "Mend it", "own": {"kept": 1}})
        plan = Plan(producer, space, "t1")
        await plan.say(1, 1)
        await said(client, space, "t1", plan.id, "IN_PROGRESS", "Queued")
        await plan.say(1, 3)
        await said(client, space, "t1", plan.id, "IN_PROGRESS", "Step 1 of 2: Read the tree")
        await plan.say(4, 4)
        await said(client, space, "t1", plan.id, "PAUSED", "Waits for an answer")
        await client.patch(f"{ROOT}/{space}/tasks/t1", json={"title": "Mend it well"})
        await plan.say(2, 6)
        await said(client, space, "t1", plan.id, "DONE", "2 faults")
        task = await task_of(client, space, "t1")
        assert (task["title"], task["own"]) == ("Mend it well", {"kept": 1})
        history = (await client.get(f"{ROOT}/{space}/history")).json()
        assert {(each["origin"], each["changed_by"]) for each in history} == {
            ("rest", "ann"),
            ("plan", "ben"),
        }

        async def all_published() -> None:
            published = await workspaces.published(space)
            assert [each["seq"] for each in published] == list(range(1, len(history) + 1))

        await eventually(all_published, within=30)


async def test_what_came_twice_or_after_another_plan_began_changes_nothing(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, producer: Producer
) -> None:
    space = f"w{uuid4().hex[:8]}"
    async with workspaces.client(workspace_service, workspace=space) as client:
        await client.put(f"{ROOT}/{space}/tasks/t1", json={"title": "Mend it"})
        first, second = Plan(producer, space, "t1"), Plan(producer, space, "t1")
        await first.say(1, 3)
        await said(client, space, "t1", first.id, "IN_PROGRESS", "Step 1 of 2: Read the tree")
        await second.say(1, 2)
        await said(client, space, "t1", second.id, "IN_PROGRESS", "0 of 2 steps done")
        await first.say(1, 6)
        await second.say(1, 3)
        await said(client, space, "t1", second.id, "IN_PROGRESS", "Step 1 of 2: Read the tree")
        await client.patch(f"{ROOT}/{space}/tasks/t1", json={"status": "MERGED"})
        await second.say(4, 6)
        await said(client, space, "t1", second.id, "MERGED", "2 faults")


async def test_of_two_plans_that_are_followed_late_the_one_that_began_last_has_the_task(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, producer: Producer
) -> None:
    """After an outage partitions come in any order."""
    space = f"w{uuid4().hex[:8]}"
    async with workspaces.client(workspace_service, workspace=space) as client:
        await client.put(f"{ROOT}/{space}/tasks/t1", json={"title": "Mend it"})
        late, early = Plan(producer, space, "t1", second=30), Plan(producer, space, "t1", second=10)
        await late.say(1, 2)
        await said(client, space, "t1", late.id, "IN_PROGRESS", "0 of 2 steps done")
        await early.say(1, 6)
        await followed(workspaces, {early.id: 6})
        await said(client, space, "t1", late.id, "IN_PROGRESS", "0 of 2 steps done")
        await late.say(3, 6)
        await said(client, space, "t1", late.id, "DONE", "2 faults")


async def test_a_task_that_is_not_there_or_in_another_workspace_is_not_told(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, producer: Producer
) -> None:
    space = f"w{uuid4().hex[:8]}"
    async with workspaces.client(workspace_service, workspace=space) as client:
        await client.put(f"{ROOT}/{space}/tasks/t1", json={"title": "Mend it"})
        foreign, early = Plan(producer, f"{space}-other", "t1"), Plan(producer, space, "t2")
        await foreign.say(1, 6)
        await early.say(1, 3)
        await followed(workspaces, {foreign.id: 6, early.id: 3})
        assert "planId" not in await task_of(client, space, "t1")
        await client.put(f"{ROOT}/{space}/tasks/t2", json={"title": "Made offline, sent late"})
        await said(client, space, "t2", early.id, "IN_PROGRESS", "Step 1 of 2: Read the tree")
        await early.say(4, 4)
        await said(client, space, "t2", early.id, "PAUSED", "Waits for an answer")


async def test_a_task_that_comes_into_being_after_its_plans_is_told_of_the_last_one_at_once(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, producer: Producer
) -> None:
    """As one that was made offline. It is told once, in a change of its own."""
    space = f"w{uuid4().hex[:8]}"
    async with workspaces.client(workspace_service, workspace=space) as client:
        last, first = Plan(producer, space, "t1", second=30), Plan(producer, space, "t1", second=10)
        await last.say(1, 6)
        await first.say(1, 3)
        await followed(workspaces, {last.id: 6, first.id: 3})
        row = {"newDocumentState": {"id": "t1", "title": "Made offline", "status": "IN_PROGRESS"}}
        answer = await client.post(f"{ROOT}/{space}/sync/tasks/push", json=[row])
        assert answer.json() == []
        task = await task_of(client, space, "t1")
        assert (task["title"], task["planId"], task["status"]) == ("Made offline", last.id, "DONE")
        history = (await client.get(f"{ROOT}/{space}/history")).json()
        assert [(each["origin"], each["changed_by"]) for each in history] == [
            ("plan", "ben"),
            ("sync", "ann"),
        ]
        await first.say(4, 6)
        await last.say(5, 6)
        await followed(workspaces, {last.id: 6, first.id: 6})
        assert await task_of(client, space, "t1") == task
