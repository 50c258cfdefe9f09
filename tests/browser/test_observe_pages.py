"""Observe in the browser: what runs now, figures that link to their plans, errors, and a plan's waterfall."""

import json
import re
from typing import Any

from playwright.async_api import expect
from support.people import People, serious_findings

IN_TIME = 30_000


async def started(people: People, description: str, **inputs: Any) -> str:
    """Starts a plan of the scripted team; returns its id."""
    body = {"description": description, "team_id": "scripted", "inputs": inputs}
    async with people.client() as client:
        answer = await client.post("/api/v3/process_request", json=body)
        return str(answer.json()["plan_id"])


async def test_what_runs_now_is_seen_until_it_ends(people: People) -> None:
    page = await people.arrives("anna", "/observe")
    await expect(page.get_by_role("heading", name="Nothing runs now")).to_be_visible()
    await started(people, "Take your time", actions=3, pause_seconds=4)
    row = page.get_by_role("link", name=re.compile("Take your time"))
    await expect(row).to_be_visible(timeout=IN_TIME)
    await expect(page.get_by_role("link", name=re.compile("tick")).first).to_be_visible(timeout=IN_TIME)
    await expect(page.get_by_role("heading", name="Nothing runs now")).to_be_visible(timeout=60_000)


async def test_a_figure_links_to_its_plans_and_a_plan_to_its_waterfall(people: People) -> None:
    for number in range(3):
        await started(people, f"Plan {number}", actions=4, pause_seconds=0.05)
    page = await people.arrives("anna", "/observe/agents")
    figures = page.get_by_role("region", name="Figures by group")
    await expect(figures.get_by_role("link", name=re.compile("plans of worker"))).to_have_text(
        "12", timeout=IN_TIME
    )
    await expect(page.get_by_role("img", name="Duration over time").locator("canvas")).to_be_visible()
    await page.get_by_text("Tools", exact=True).click()
    await expect(page).to_have_url(re.compile("by=tool"))
    await figures.get_by_role("link", name=re.compile("plans of tick")).click()
    await expect(page).to_have_url(re.compile("/observe/plans.*tool=tick"))
    await page.get_by_role("link", name="Plan 1").click()
    waterfall = page.get_by_role("region", name="Waterfall")
    await expect(waterfall.get_by_role("button")).to_have_count(4, timeout=IN_TIME)
    await expect(page.get_by_text("waiting.")).to_be_visible()
    await waterfall.get_by_role("button").nth(2).click()
    await expect(page).to_have_url(re.compile("action="))


async def test_an_error_is_read_resolved_and_leads_to_its_plan(people: People) -> None:
    plan_id = await started(people, "Fail, please", actions=2, fail=True)
    page = await people.arrives("anna", "/observe/errors")
    first = page.get_by_role("tabpanel").get_by_role("listitem").first
    await expect(first).to_be_visible(timeout=IN_TIME)
    await first.get_by_role("link").click()
    panel = page.get_by_role("dialog")
    await expect(panel.get_by_role("region", name="Each time").get_by_role("link")).to_have_count(1)
    await panel.get_by_role("button", name="Mark as resolved").click()
    await expect(panel.get_by_role("button", name="Open again")).to_be_visible()
    await panel.get_by_role("link", name="Open the last plan that met it").click()
    await expect(page).to_have_url(re.compile(plan_id))


async def test_the_pages_are_accessible_and_say_what_is_missing(people: People) -> None:
    findings = {}
    for wide, scheme in ((1440, "light"), (390, "dark")):
        page = await people.arrives("anna", "/observe", wide=wide, scheme=scheme)  # type: ignore[arg-type]
        for name, text in {
            "live": "Nothing runs now",
            "agents": "No figures in this range",
            "bottlenecks": "Nothing ended in this range",
            "errors": "No errors in this range",
            "plans": "No plan began in this range",
        }.items():
            await page.goto(f"/observe/{name}?range=1h")
            await expect(page.get_by_role("heading", name=text)).to_be_visible(timeout=IN_TIME)
            await people.picture(page, f"observe-{name}-empty-{scheme}-{wide}")
            if found := await serious_findings(page):
                findings[f"{name} {wide}"] = found
    assert findings == {}, json.dumps(findings, indent=1)
