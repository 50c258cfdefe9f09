"""Every page, in both themes and on a phone: nothing that axe calls serious, and a picture to look at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from support.eventually import eventually
from support.hung_plans import ALERTS, alert_of, hung_plan
from support.people import People, Scheme, serious_findings

TASKS = [
    {
        "title": "Mend the parser of dates before 1970",
        "status": "IN_PROGRESS",
        "repository": "acme/site",
        "branch": "dates",
    },
    {
        "title": "Upgrade the build to the current compiler",
        "status": "PAUSED",
        "statusMessage": "Waits for approval",
    },
    {"title": "Remove the second cache", "status": "DONE", "repository": "acme/api"},
    {
        "title": "Answer in JSON when asked for it",
        "status": "MERGED",
        "repository": "acme/api",
        "branch": "json",
    },
    {"title": "Rewrite in another language", "status": "CANCELLED"},
    {"title": "Find out why the nightly run takes an hour", "status": "IN_PROGRESS", "repository": "acme/ci"},
]
ENVIRONMENTS = [
    {"name": "Website", "githubOrganization": "acme", "githubRepository": "site"},
    {"name": "API", "githubOrganization": "acme", "githubRepository": "api", "description": "Production"},
]
PAGES = {
    "plans": ("/plans", "Three things at once"),
    "plan-report": ("/plan/{plan}", "done"),
    "plan-activity": ("/plan/{plan}?view=activity", "message 2"),
    "plan-action": ("/plan/{plan}?view=activity&action={action}", "Output"),
    "plan-new": ("/plans/new", "What the agents shall find out"),
    "workspace-board": ("/workspace/tasks", "Remove the second cache"),
    "workspace-list": ("/workspace/tasks?view=list", "Remove the second cache"),
    "workspace-task": ("/workspace/tasks/{task}", "Repository"),
    "workspace-environments": ("/workspace/environments", "acme/api"),
    "workspace-no-conflicts": ("/workspace/conflicts", "No conflicts"),
    "plan-timeline": ("/plan/{plan}?view=timeline", "at work"),
    "observe-live": ("/observe/live", "Count the lines of the archive"),
    "observe-agents": ("/observe/agents?compare=true", "worker"),
    "observe-tools": ("/observe/agents?by=tool&range=1h", "tick"),
    "observe-bottlenecks": ("/observe/bottlenecks", "Time lost"),
    "observe-errors": ("/observe/errors", "told to fail"),
    "observe-error": ("/observe/errors/{error}", "The newest of the range"),
    "observe-plans": ("/observe/plans", "Three things at once"),
    "observe-alerts": ("/observe/alerts", "acknowledged by api"),
    "observe-alert": ("/observe/alerts/{alert}", "Beside earlier runs"),
    "observe-silences": ("/observe/alerts/silences", "The mirror is moved"),
    "observe-runbook": ("/observe/runbooks/execution-overdue", "What is safe"),
    "not-found": ("/nowhere", "There is nothing here"),
}


@pytest.mark.parametrize(("scheme", "wide"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
async def test_pages_are_accessible(people: People, scheme: Scheme, wide: int) -> None:
    findings = {}
    async with observed(people) as found, people.client() as client:
        names = found | await filled(people) | {"error": await first_error(client)}
        page = await people.arrives("anna", "/plans", scheme=scheme, wide=wide)
        for name, (path, text) in PAGES.items():
            await page.goto(path.format(**names))
            await expect(page.get_by_text(text).first).to_be_attached()
            await settled(page)
            await people.picture(page, f"{name}-{scheme}-{wide}")
            if serious := await serious_findings(page):
                findings[name] = serious
    assert findings == {}


async def test_the_sign_in_is_accessible(people: People) -> None:
    page = await people.arrives("anna")
    await page.evaluate("localStorage.clear()")
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await people.picture(page, "sign-in")
    assert await serious_findings(page) == []


async def filled(people: People) -> dict[str, str]:
    """Fills the workspace and returns the ids that addresses need."""
    base = f"/api/v3/workspaces/{people.workspace}"
    async with people.client() as client:
        for environment in ENVIRONMENTS:
            assert (await client.post(f"{base}/environments", json=environment)).status_code == 201
        made = [await client.post(f"{base}/tasks", json=task) for task in TASKS]
        inputs = {"actions": 3, "messages": 3, "stream": True}
        others = ({"ask": True}, {"fail": True})
        for goal, told in zip(
            ("Choose a colour for the site", "Deploy to the old host"), others, strict=True
        ):
            await started(client, goal, told, wait=0)
        plan = await started(client, "Three things at once", inputs, wait=30)
    action = next(message["action_id"] for message in plan["messages"] if message["type"] == "action_started")
    return {"plan": plan["plan_id"], "action": action, "task": made[0].json()["id"]}


@asynccontextmanager
async def observed(people: People) -> AsyncIterator[dict[str, str]]:
    """Has two actions hang, one in someone's hands; gives the alert of the other. A silence is made, too."""
    async with (
        hung_plan(people) as ours,
        hung_plan(people, "Find out why the nightly run takes an hour") as theirs,
        people.client() as client,
    ):
        taken = (await alert_of(people, theirs))["alert_id"]
        note = {"note": "The archive is on the slow disk; I move it."}
        assert (await client.post(f"{ALERTS}/{taken}/acknowledge", json=note)).status_code == 200
        silence = {"subject": {"tool": "fetch"}, "seconds": 14_400, "reason": "The mirror is moved"}
        assert (await client.post(f"{ALERTS}/silences", json=silence)).status_code == 201
        yield {"alert": (await alert_of(people, ours))["alert_id"]}


async def first_error(client: httpx.AsyncClient) -> str:
    """Waits for an error, and returns its fingerprint."""

    async def found() -> str:
        listed = (await client.get("/api/v3/observability/errors")).json()
        assert listed
        return str(listed[0]["fingerprint"])

    return await eventually(found, within=90)


async def started(
    client: httpx.AsyncClient, goal: str, inputs: dict[str, Any], *, wait: int
) -> dict[str, Any]:
    """Starts a plan of the scripted team and returns the answer."""
    body = {"description": goal, "team_id": "scripted", "inputs": inputs}
    headers = {"Prefer": f"wait={wait}"} if wait else {}
    answer = await client.post("/api/v3/process_request", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def settled(page: Page) -> None:
    """Waits until nothing moves: half-drawn colours are no finding."""
    await page.evaluate(
        "Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations !== Infinity)"
        ".map((one) => one.finished.catch(() => undefined)))"
    )
