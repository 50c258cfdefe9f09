"""Every page, in both themes and on a phone: nothing that axe calls serious, and a picture to look at."""

from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
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
    "not-found": ("/nowhere", "There is nothing here"),
}


@pytest.mark.parametrize(("scheme", "wide"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
async def test_pages_are_accessible(people: People, scheme: Scheme, wide: int) -> None:
    names = await filled(people)
    page = await people.arrives("anna", "/plans", scheme=scheme, wide=wide)
    findings = {}
    for name, (path, text) in PAGES.items():
        await page.goto(path.format(**names))
        await expect(page.get_by_text(text).first).to_be_attached()
        await settled(page)
        await people.picture(page, f"{name}-{scheme}-{wide}")
        if found := await serious_findings(page):
            findings[name] = found
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
