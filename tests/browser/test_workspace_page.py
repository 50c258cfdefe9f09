"""The workspace in the browser: shared at once, kept without a connection, conflicts shown (B1, B2)."""

from typing import Any

from playwright.async_api import Locator, Page, expect
from support.eventually import eventually
from support.people import People


async def test_two_browsers_see_each_others_changes(people: People) -> None:
    anna = await people.arrives("anna", "/workspace/tasks")
    ben = await people.arrives("ben", "/workspace/tasks")
    await expect(anna.get_by_role("group", name="Here now: ben")).to_be_visible()
    await new_task(anna, "Mend the parser")
    await card(ben, "Mend the parser").click()
    await ben.get_by_role("dialog").get_by_label("Status").first.click()
    await ben.get_by_role("option", name="Merged").click()
    await expect(anna.get_by_role("region", name="Merged")).to_contain_text("Mend the parser")
    await expect(anna.get_by_text("Online", exact=True)).to_be_visible()


async def test_a_reload_and_a_closed_tab_lose_nothing(people: People) -> None:
    page = await people.arrives("anna", "/workspace/tasks")
    await new_task(page, "First")
    await page.context.set_offline(True)
    await expect(page.get_by_text("Offline")).to_be_visible()
    await page.get_by_role("button", name="New task").click()
    await page.get_by_label("Title").type("Typed while away")
    other = await page.context.new_page()
    await page.close(run_before_unload=False)
    await page.context.set_offline(False)
    await other.goto("/workspace/tasks")
    await expect(card(other, "Typed while away")).to_be_visible()
    await expect(card(other, "First")).to_be_visible()
    await eventually(lambda: has_titles(people, {"First", "Typed while away"}), within=20)


async def test_offline_edits_of_both_meet_and_the_conflict_is_shown_and_undone(people: People) -> None:
    anna = await people.arrives("anna", "/workspace/tasks")
    await new_task(anna, "Common")
    ben = await people.arrives("ben", "/workspace/tasks")
    for page, title, branch in ((anna, "Of anna", "a"), (ben, "Of ben", None)):
        await card(page, "Common").click()
        await page.context.set_offline(True)
        await expect(page.get_by_text("Offline")).to_be_visible()
        await page.get_by_label("Title").fill(title)
        if branch:
            await page.get_by_label("Branch").fill(branch)
        await page.keyboard.press("Escape")
        await expect(page.get_by_text("Offline · 1 change to send")).to_be_visible()
        await expect(page.get_by_text("not sent yet")).to_be_visible()
    await people.picture(anna, "workspace-offline")
    for page in (anna, ben):
        await page.context.set_offline(False)
        await expect(page.get_by_text("Online", exact=True)).to_be_visible(timeout=30_000)
    for page in (anna, ben):
        await expect(card(page, "Of ben")).to_contain_text("a", timeout=20_000)
    await eventually(lambda: has_titles(people, {"Of ben"}), within=20)
    await anna.get_by_role("tab", name="Conflicts").click()
    await expect(anna.get_by_text("by ben, won")).to_be_visible(timeout=20_000)
    await people.picture(anna, "workspace-conflicts")
    await anna.get_by_role("button", name="Put back").click()
    await expect(card(ben, "Of anna")).to_be_visible(timeout=20_000)


async def test_a_plan_of_a_task_tells_the_task(people: People) -> None:
    page = await people.arrives("anna", "/workspace/tasks")
    await new_task(page, "Count")
    task = (await tasks(people))[0]
    body = {"description": "Count", "team_id": "scripted", "inputs": {"task_id": task["id"], "ask": True}}
    async with people.client() as client:
        plan_id = (await client.post("/api/v3/process_request", json=body)).json()["plan_id"]
    await expect(page.get_by_role("region", name="Paused")).to_contain_text("Count", timeout=20_000)
    await card(page, "Count").click()
    await page.get_by_role("link", name="Open its plan").click()
    await expect(page).to_have_url(f"{people.system.url}/plan/{plan_id}")
    await page.get_by_label("Which colour?").fill("blue")
    await page.get_by_role("button", name="Answer").click()
    await page.goto("/workspace/tasks")
    await expect(page.get_by_role("region", name="Done")).to_contain_text("Count", timeout=20_000)


async def test_an_environment_keeps_a_secret_that_nobody_reads(people: People) -> None:
    page = await people.arrives("anna", "/workspace/environments")
    await page.get_by_role("button", name="New environment").click()
    await page.get_by_label("Name").fill("Website")
    await page.get_by_role("tab", name="Secrets").click()
    await page.get_by_label("Name").fill("GITHUB_TOKEN")
    await page.get_by_label("Value").fill("correct horse battery staple")
    await expect(page.get_by_text("Online", exact=True)).to_be_visible(timeout=20_000)
    await page.get_by_role("button", name="Set the secret").click()
    await expect(page.get_by_text("set by anna")).to_be_visible()
    await people.picture(page, "environment-secrets")
    await page.get_by_role("tab", name="History").click()
    await expect(page.get_by_text("created it in the app")).to_be_visible()
    assert "correct horse" not in await page.content()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Website")).to_contain_text("1 secret")


def card(page: Page, title: str) -> Locator:
    """Returns the task's card on the board."""
    return page.get_by_role("region", name="Board").get_by_role("button", name=title)


async def new_task(page: Page, title: str) -> None:
    """Makes a task by hand; it is on the server when this returns."""
    await page.get_by_role("button", name="New task").click()
    await page.get_by_label("Title").fill(title)
    await page.keyboard.press("Escape")
    await expect(card(page, title)).to_be_visible()
    await expect(page.get_by_text("Online", exact=True)).to_be_visible(timeout=20_000)


async def tasks(people: People) -> list[dict[str, Any]]:
    """Returns the workspace's tasks as the server has them."""
    async with people.client() as client:
        response = await client.get(f"/api/v3/workspaces/{people.workspace}/tasks")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()
    return found


async def has_titles(people: People, titles: set[str]) -> None:
    """Asserts that the server has exactly these tasks."""
    assert {task["title"] for task in await tasks(people)} == titles
