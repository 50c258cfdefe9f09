"""Alerts in the browser: told while something hangs, taken in hand, silenced, over; no reload (C5, H5)."""

import re

from playwright.async_api import Locator, Page, expect
from support.hung_plans import alert_of, hung_plan, let_go
from support.people import People, serious_findings

from agentbus.chassis.auth import Role


def section(page: Page, state: str) -> Locator:
    """Returns the alerts of the list that are in the state."""
    return page.get_by_role("region", name=state, exact=True).get_by_role("link")


def counted(page: Page) -> Locator:
    """Returns what tells in the bar how many fire."""
    return page.get_by_role("banner").get_by_role("link", name="1 firing")


async def test_a_hung_action_is_told_while_it_runs_and_is_over_when_it_ends(
    people: People,
) -> None:
    page = await people.arrives("anna", "/plans")
    async with hung_plan(people) as plan_id:
        told = page.get_by_role("alert").filter(has_text="Execution overdue")
        await expect(told).to_contain_text("tick by worker runs for")
        await expect(counted(page)).to_be_visible()
        await people.picture(page, "alert-told")
        assert await serious_findings(page) == []
        await told.get_by_role("link", name="Look").click()
        panel = page.get_by_role("dialog", name="Execution overdue")
        await expect(panel.get_by_role("region", name="Probable cause")).to_contain_text("the tool hangs")
        await expect(panel.get_by_role("region", name="What to do")).to_contain_text("AGENTBUS_ACTION_LIMIT")
        last = panel.get_by_role("region", name="Last messages of the plan")
        await expect(last.get_by_role("link").first).to_contain_text("action started")
        await panel.get_by_label("A note (optional)").fill("The disk is slow; I move it.")
        await panel.get_by_role("button", name="Acknowledge").click()
        history = panel.get_by_role("region", name="History")
        await expect(history).to_contain_text("by anna")
        await expect(history).to_contain_text("The disk is slow; I move it.")
        await expect(counted(page)).to_have_count(0)
        await people.picture(page, "alert-acknowledged")
        await let_go(people, plan_id)
        await expect(history).to_contain_text("Resolved")
        await expect(panel.get_by_role("button", name="Silence…")).to_have_count(0)
        await panel.get_by_role("button", name="Close").click()
        await expect(section(page, "Resolved")).to_contain_text("acknowledged by anna")
    await section(page, "Resolved").click()
    await panel.get_by_role("link", name="Timeline").click()
    await expect(page).to_have_url(re.compile(f"/plan/{plan_id}.*view=timeline"))


async def test_a_silence_is_made_undone_made_again_and_ended(people: People) -> None:
    page = await people.arrives("anna", "/observe/alerts")
    await expect(page.get_by_role("heading", name="No alerts")).to_be_visible()
    async with hung_plan(people):
        await section(page, "Firing").click()
        panel = page.get_by_role("dialog", name="Execution overdue")
        silenced = panel.get_by_role("list", name="Silenced by")
        for undone in (True, False):
            await panel.get_by_role("button", name="Silence…").click()
            await panel.get_by_label("What", exact=True).click()
            await page.get_by_role("option", name=re.compile("All alike")).click()
            await panel.get_by_label("Why (optional)").fill("The archive is moved")
            await panel.get_by_role("button", name="Silence", exact=True).click()
            await expect(silenced).to_contain_text("Execution overdue · tick · worker")
            await expect(silenced).to_contain_text("The archive is moved")
            await expect(counted(page)).to_have_count(0)
            if undone:
                await page.get_by_role("alert").get_by_role("button", name="Undo").click()
                await expect(silenced).to_have_count(0)
                await expect(counted(page)).to_be_visible()
        await people.picture(page, "alert-silenced")
        assert await serious_findings(page) == []
        await panel.get_by_role("button", name="Close").click()
        await expect(section(page, "Firing")).to_contain_text("Silenced")
        await page.get_by_role("link", name="Silences (1)").click()
        silences = page.get_by_role("dialog", name="Silences")
        await silences.get_by_role("button", name="End now").click()
        await expect(silences.get_by_text("None: everything is told.")).to_be_visible()
        await expect(silences.get_by_role("region", name="Over").get_by_role("listitem")).to_have_count(2)
        await expect(counted(page)).to_be_visible()


async def test_without_the_stream_it_is_asked_for(people: People) -> None:
    page = await people.arrives("anna", "/plans")
    await page.context.route("**/api/v3/alerts/stream", lambda route: route.abort())
    await page.goto("/observe/alerts")
    await expect(page.get_by_text("asked every 5 s")).to_be_visible()
    async with hung_plan(people):
        await expect(section(page, "Firing")).to_have_count(1)
        await page.context.unroute("**/api/v3/alerts/stream")
        await expect(page.get_by_text("1 firing · live")).to_be_visible()


async def test_filters_stand_in_the_address_and_keys_go_from_row_to_row(people: People) -> None:
    async with hung_plan(people, "First") as first, hung_plan(people, "Second") as second:
        for plan_id in (first, second):
            await alert_of(people, plan_id)
        page = await people.arrives("anna", "/observe/alerts")
        await expect(section(page, "Firing")).to_have_count(2)
        for key in ("j", "j", "k", "ArrowDown"):
            await page.keyboard.press(key)
        await expect(section(page, "Firing").nth(1)).to_be_focused()
        await page.goto(f"/observe/alerts?state=firing&plan={first}")
        await expect(section(page, "Firing")).to_have_count(1)
        await page.get_by_role("combobox", name="Severity").click()
        await page.get_by_role("option", name="Critical").click()
        await expect(page).to_have_url(re.compile("severity=critical"))
        await expect(page.get_by_role("heading", name="No alert matches")).to_be_visible()
        await page.get_by_role("link", name="Show all alerts").click()
        await expect(section(page, "Firing")).to_have_count(2)


async def test_more_time_is_allowed_and_the_alert_is_over(people: People) -> None:
    async with hung_plan(people) as plan_id:
        alert = await alert_of(people, plan_id)
        page = await people.arrives("anna", f"/observe/alerts/{alert['alert_id']}")
        panel = page.get_by_role("dialog", name="Execution overdue")
        await panel.get_by_role("button", name="Allow more time…").click()
        await panel.get_by_label("Seconds that tool tick may take").fill("3600")
        await panel.get_by_role("button", name="Allow", exact=True).click()
        await expect(panel.get_by_role("region", name="History")).to_contain_text("Resolved")


async def test_a_viewer_reads_and_the_runbook_is_at_hand(people: People) -> None:
    async with hung_plan(people) as plan_id:
        alert = await alert_of(people, plan_id)
        page = await people.arrives("carl", f"/observe/alerts/{alert['alert_id']}", role=Role.VIEWER)
        panel = page.get_by_role("dialog", name="Execution overdue")
        await expect(panel.get_by_text("Your role, viewer, can read alerts.")).to_be_visible()
        await expect(panel.get_by_role("button", name="Acknowledge")).to_have_count(0)
        await panel.get_by_role("link", name="Runbook").click()
        await expect(
            page.get_by_role("heading", name=re.compile("^Execution overdue: an action"))
        ).to_be_visible()
