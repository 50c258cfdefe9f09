"""The app without a system: it opens, shows the workspace, takes edits, and sends them later (B1.5).

And a tab that is killed, in the middle of a word or at any other moment, loses nothing.
"""

import asyncio
from contextlib import suppress

import pytest
from playwright.async_api import Error, Page, expect
from support.board import card, has_titles, new_task, saved, tasks, write_task
from support.eventually import eventually
from support.people import People

LATER_SECONDS = (0, 0.2, 0.4, 0.8)
"""After the last key stroke: within the pause after which a text is stored, at its end, and after it."""


async def test_the_app_opens_without_a_system(people: People) -> None:
    page = await people.arrives("anna", "/workspace/tasks")
    await new_task(page, "Kept")
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    context = page.context
    await people.system.stack.stop("edge")
    try:
        await context.set_offline(True)
        await page.close()
        away = await context.new_page()
        await away.goto("/workspace/tasks")
        await expect(card(away, "Kept")).to_be_visible()
        await expect(away.get_by_text("Offline", exact=True)).to_be_visible()
        await write_task(away, "Made while away")
        await card(away, "Kept").click()
        await away.get_by_role("dialog").get_by_label("Status").first.click()
        await away.get_by_role("option", name="Done").click()
        await expect(away.get_by_text("Offline · 2 changes to send")).to_be_visible()
        await people.picture(away, "workspace-opened-offline")
        await away.reload()
        await expect(away.get_by_text("Offline · 2 changes to send")).to_be_visible()
    finally:
        await people.system.stack.start("edge")
    await context.set_offline(False)
    await saved(away)
    await eventually(lambda: has_titles(people, {"Kept", "Made while away"}), within=60)
    assert {task["status"] for task in await tasks(people) if task["title"] == "Kept"} == {"DONE"}


@pytest.mark.parametrize("later", LATER_SECONDS)
async def test_a_killed_tab_loses_nothing(people: People, later: float) -> None:
    page = await people.arrives("anna", "/workspace/tasks")
    await new_task(page, "Notes")
    await card(page, "Notes").click()
    await page.get_by_label("Description").press_sequentially("typed until the very last key")
    await asyncio.sleep(later)
    context = page.context
    await crash(page)
    again = await context.new_page()
    await again.goto("/workspace/tasks")
    await card(again, "Notes").click()
    await expect(again.get_by_label("Description")).to_have_value("typed until the very last key")

    async def stored() -> None:
        assert [task["description"] for task in await tasks(people)] == ["typed until the very last key"]

    await eventually(stored, within=90)


async def crash(page: Page) -> None:
    """Kills the process that runs the page."""
    session = await page.context.new_cdp_session(page)
    async with page.expect_event("crash"):
        killing = asyncio.ensure_future(session.send("Page.crash"))
    killing.cancel()
    with suppress(Error, asyncio.CancelledError):
        await killing
