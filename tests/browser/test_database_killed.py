"""PostgreSQL is killed while two browsers and a tool write: what it acknowledged stays; all agree (B1.5)."""

import asyncio
from itertools import count

import httpx
from playwright.async_api import Page, expect
from support.board import card, new_task, saved, shown, tasks, write_task
from support.eventually import eventually
from support.people import People

EACH = 3
SECONDS_BETWEEN_POSTS = 0.5


async def test_the_database_is_killed_while_two_edit(people: People) -> None:
    anna = await people.arrives("anna", "/workspace/tasks")
    ben = await people.arrives("ben", "/workspace/tasks")
    await new_task(anna, "Common")
    await expect(card(ben, "Common")).to_be_visible()
    stack = people.system.stack
    acknowledged: set[str] = set()
    posting = asyncio.create_task(posts(people, acknowledged))
    try:
        await stack.kill("postgres", restart=False)
        try:
            await asyncio.gather(
                writes(anna, "anna without", "Branch", "a"), writes(ben, "ben without", "Repository", "b/c")
            )
            for page in (anna, ben):
                told = page.get_by_text(f"Saving paused · {EACH + 1} changes to send")
                await expect(told).to_be_visible()
            await people.picture(anna, "workspace-saving-paused")
        finally:
            await stack.start("postgres")
        # The second time the stack starts it by itself, while what waited is being sent.
        writing = [asyncio.create_task(writes(page, name)) for page, name in ((anna, "anna"), (ben, "ben"))]
        before = len(acknowledged)
        await eventually(lambda: _more(acknowledged, before), within=90)
        await stack.kill("postgres")
        await asyncio.gather(*writing)
        await eventually(lambda: plans_are_read(people), within=180)
    finally:
        posting.cancel()
    for page in (anna, ben):
        await saved(page)
    await eventually(lambda: agree(people, anna, ben), within=90)
    titles = {task["title"] for task in await tasks(people)}
    written = {
        f"{name} {number}"
        for name in ("anna", "ben", "anna without", "ben without")
        for number in range(EACH)
    }
    assert titles >= acknowledged | written | {"Common"}
    common = card(anna, "Common")
    await expect(common).to_contain_text("b/c")
    await expect(common).to_contain_text("a")


async def writes(page: Page, name: str, field: str = "", value: str = "") -> None:
    """Makes tasks by hand, and changes a field of the common one."""
    for number in range(EACH):
        await write_task(page, f"{name} {number}")
    if field:
        await card(page, "Common").click()
        await page.get_by_label(field).fill(value)
        await page.keyboard.press("Escape")


async def posts(people: People, acknowledged: set[str]) -> None:
    """Makes tasks over HTTP until cancelled; notes those that the system says it has."""
    async with people.client("program") as client:
        for number in count():
            title = f"posted {number}"
            try:
                answer = await client.post(
                    f"/api/v3/workspaces/{people.workspace}/tasks", json={"title": title}
                )
            except httpx.TransportError:
                continue
            if answer.status_code == 201:
                acknowledged.add(title)
            await asyncio.sleep(SECONDS_BETWEEN_POSTS)


async def plans_are_read(people: People) -> None:
    """Asserts that the message database, which PostgreSQL keeps, is there again too."""
    async with people.client() as client:
        assert (await client.get("/api/v3/plans")).status_code == 200


def _more(acknowledged: set[str], before: int) -> None:
    assert len(acknowledged) > before


async def agree(people: People, *pages: Page) -> None:
    """Asserts that the browsers show one state, and that it is the server's."""
    boards = [await shown(page) for page in pages]
    assert all(board == boards[0] for board in boards)
    on_the_board = sorted(text.split("\n")[0] for text in boards[0])
    assert on_the_board == sorted(task["title"] for task in await tasks(people))
