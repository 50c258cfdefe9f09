"""The task board in the browser, and what the server has of it. Called by the tests in tests/browser."""

from typing import Any

from playwright.async_api import Locator, Page, expect
from support.people import People


def card(page: Page, title: str) -> Locator:
    """Returns the task's card on the board."""
    return page.get_by_role("region", name="Board").get_by_role("button", name=title)


async def write_task(page: Page, title: str) -> None:
    """Makes a task by hand; it is in this browser when this returns."""
    await page.get_by_role("button", name="New task").click()
    await page.get_by_label("Title").fill(title)
    await page.keyboard.press("Escape")
    await expect(card(page, title)).to_be_visible()


async def new_task(page: Page, title: str) -> None:
    """Makes a task by hand; it is on the server when this returns."""
    await write_task(page, title)
    await saved(page)


async def saved(page: Page) -> None:
    """Waits until nothing waits to be sent."""
    await expect(page.get_by_text("Online", exact=True)).to_be_visible()


async def shown(page: Page) -> list[str]:
    """Returns what stands on the board's cards."""
    return sorted(await page.get_by_role("region", name="Board").get_by_role("button").all_inner_texts())


async def tasks(people: People) -> list[dict[str, Any]]:
    """Returns the workspace's tasks as the server has them."""
    async with people.client() as client:
        response = await client.get(f"/api/v3/workspaces/{people.workspace}/tasks", params={"limit": 200})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()
    return found


async def has_titles(people: People, titles: set[str]) -> None:
    """Asserts that the server has exactly these tasks."""
    assert {task["title"] for task in await tasks(people)} == titles
