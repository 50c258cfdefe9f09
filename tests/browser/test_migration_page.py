"""What an older client kept in localStorage moves by itself, and is removed once confirmed (E1-E5)."""

import json
from typing import Any

from playwright.async_api import Page, Route, expect
from support.eventually import eventually
from support.people import People
from support.zustand_dump import recorded

KEYS = ("task-store", "environments", "tasks", "taskStore", "task-data")
TOKEN = "ghp_" + "k" * 36
ENVIRONMENTS = {
    "state": {
        "environments": [{"id": "e1", "name": "Site", "githubOrganization": "acme", "githubToken": TOKEN}]
    },
    "version": 0,
}


async def test_it_moves_by_itself_and_the_token_goes_nowhere(people: People) -> None:
    sent: list[str] = []
    page = await people.arrives("anna")
    page.on("request", lambda request: sent.append(request.post_data or ""))
    old = dict(recorded().values)
    await keep(page, old)
    await page.reload()
    await expect(page.get_by_text("are in the workspace now")).to_be_visible()
    assert await kept(page) == {}
    await page.get_by_role("link", name="See the report").click()
    await expect(page.get_by_role("table")).to_contain_text("Moved")
    await people.picture(page, "migration-report")
    tasks = json.loads(old["task-store"])["state"]["tasks"]
    async with people.client() as client:
        found = (await client.get(f"/api/v3/workspaces/{people.workspace}/tasks?limit=200")).json()
    assert {task["id"] for task in found} == {task["id"] for task in tasks}
    tokens = [each["githubToken"] for each in json.loads(old["environments"])["state"]["environments"]]
    assert all(token not in body for token in tokens if token for body in sent)
    await page.reload()
    await expect(page.get_by_role("heading", name="There is nothing to move")).to_be_visible()


async def test_it_can_be_undone_and_done_again(people: People) -> None:
    page = await people.arrives("anna")
    await keep(page, {"environments": json.dumps(ENVIRONMENTS)})
    await page.goto("/migration")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Move it again")).to_be_visible()
    back = (await kept(page))["environments"]
    assert '"e1"' in back
    assert TOKEN not in back
    await page.reload()
    await expect(page.get_by_text("Online", exact=True)).to_be_visible()
    assert await kept(page) == {"environments": back}


async def test_broken_data_changes_nothing_until_a_person_decides(people: People) -> None:
    old = {"task-store": '{"state":{"tasks":[{"id":"t1"', "environments": json.dumps(ENVIRONMENTS)}
    page = await people.arrives("anna")
    await keep(page, old)
    await page.goto("/migration")
    await expect(page.get_by_text("A part of it cannot be moved")).to_be_visible()
    await people.picture(page, "migration-refused")
    assert await kept(page) == old
    await page.get_by_role("button", name="Move what is sound").click()
    await expect(page.get_by_text("compared by content")).to_be_visible()
    assert await kept(page) == {"task-store": old["task-store"]}


async def test_a_failure_in_the_middle_leaves_local_storage_as_it_was(people: People) -> None:
    old = dict(recorded().values)
    page = await people.arrives("anna")
    await keep(page, old)

    async def differs(route: Route) -> None:
        problem = {"type": "about:blank", "title": "Conflict", "status": 409, "code": "content_differs"}
        await route.fulfill(status=409, content_type="application/problem+json", body=json.dumps(problem))

    await page.route("**/imports/*/confirm", differs)
    await page.goto("/migration")
    await expect(page.get_by_text("Nothing was removed from this browser")).to_be_visible()
    assert await kept(page) == old
    async with people.client() as client:
        assert (await client.get(f"/api/v3/workspaces/{people.workspace}/tasks")).json() == []
    await page.unroute("**/imports/*/confirm")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("compared by content")).to_be_visible()
    assert await kept(page) == {}


async def test_two_tabs_at_once_move_it_once(people: People) -> None:
    page = await people.arrives("anna")
    await keep(page, dict(recorded().values))
    other = await page.context.new_page()
    await page.reload(wait_until="commit")
    await other.goto("/migration", wait_until="commit")
    for each in (page, other):
        await expect(each.get_by_text("Online", exact=True)).to_be_visible()

    async def moved() -> None:
        assert (await kept(page), await kept(other)) == ({}, {})

    await eventually(moved, within=90)
    async with people.client() as client:
        history = (await client.get(f"/api/v3/workspaces/{people.workspace}/history?limit=100")).json()
    assert len({(entry["collection"], entry["id"]) for entry in history}) == len(history)


async def keep(page: Page, values: dict[str, str]) -> None:
    """Writes what an older client left."""
    await page.evaluate(
        "(old) => Object.entries(old).forEach(([k, v]) => localStorage.setItem(k, v))", values
    )


async def kept(page: Page) -> dict[str, Any]:
    """Returns what stands in localStorage under an older client's keys."""
    everything: dict[str, Any] = await page.evaluate("({...localStorage})")
    return {key: everything[key] for key in KEYS if key in everything}
