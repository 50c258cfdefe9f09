"""Plans in the browser: signed in by the address, started, watched live, answered, read when they ended."""

from pathlib import Path

from playwright.async_api import expect
from support.people import People

from agentbus.chassis.auth import Role


async def test_the_token_in_the_address_signs_in_and_leaves_it(people: People) -> None:
    page = await people.arrives("anna")
    await expect(page.get_by_role("heading", name="No plans yet")).to_be_visible()
    assert page.url == f"{people.system.url}/plans"
    await page.reload()
    await expect(page.get_by_role("heading", name="No plans yet")).to_be_visible()
    await page.get_by_role("button", name="Account of anna").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_plan_is_started_and_watched_to_its_report(people: People, tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text("import os\n\n\ndef count(items):\n    return len(items)\n")
    tmp_path.chmod(0o755)
    page = await people.arrives("anna")
    await page.get_by_role("link", name="Start a plan").first.click()
    await page.get_by_label("Team", exact=True).first.click()
    await expect(page.get_by_role("option")).to_have_text(["Code review", "Model-backed review", "Scripted"])
    await page.get_by_role("option", name="Code review").click()
    await page.get_by_role("textbox", name="Goal", exact=True).fill("Review the counter")
    await page.get_by_role("textbox", name="Folder").fill(str(tmp_path))
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.get_by_role("heading", name="Review the counter")).to_be_visible()
    await expect(page.get_by_role("button", name="inventory")).to_be_visible()
    await expect(page.get_by_text("Done", exact=True)).to_be_visible()
    await page.get_by_role("tab", name="Report").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    await people.picture(page, "plan-review-report")
    await page.get_by_role("tab", name="Activity").click()
    await page.get_by_role("button", name="syntax").click()
    await expect(page.get_by_label("Output", exact=True)).to_contain_text("files_parsed")
    assert "action=" in page.url
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Plans").last.click()
    await expect(page.get_by_role("region", name="Finished")).to_contain_text("Review the counter")


async def test_what_a_plan_does_shows_while_it_does_it(people: People) -> None:
    page = await people.arrives("anna")
    plan_id = await started(people, actions=4, pause_seconds=1)
    await page.goto(f"/plan/{plan_id}")
    running = page.get_by_role("button", name="running tick")
    await expect(running).to_be_visible()
    await expect(page.get_by_text("live", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="done tick")).to_have_count(4)
    await expect(page.get_by_text("Done", exact=True)).to_be_visible()


async def test_a_question_is_answered(people: People) -> None:
    page = await people.arrives("anna")
    plan_id = await started(people, ask=True)
    await page.goto(f"/plan/{plan_id}")
    await page.get_by_label("Which colour?").fill("green")
    await page.get_by_role("button", name="Answer").click()
    await expect(page.get_by_text("anna: green")).to_be_visible()
    await expect(page.get_by_role("article", name="Report")).to_contain_text("done green")


async def test_steps_are_approved_and_a_viewer_may_only_look(people: People) -> None:
    plan_id = await started(people, hitl=True)
    viewer = await people.arrives("vera", f"/plan/{plan_id}", role=Role.VIEWER)
    await expect(viewer.get_by_text("Your role, viewer, cannot answer")).to_be_visible()
    page = await people.arrives("anna", f"/plan/{plan_id}")
    await expect(page.get_by_role("region", name="Waits for you")).to_contain_text("Do as told")
    await people.picture(page, "plan-approval")
    await page.get_by_role("button", name="Approve").click()
    for each in (page, viewer):
        await expect(each.get_by_text("Approved by anna")).to_be_visible()
        await expect(each.get_by_text("Done", exact=True)).to_be_visible()


async def test_a_failure_keeps_its_reason(people: People) -> None:
    plan_id = await started(people, fail=True)
    page = await people.arrives("anna", f"/plan/{plan_id}")
    await expect(page.get_by_text("Failed", exact=True)).to_be_visible()
    await expect(page.get_by_text("told to fail").first).to_be_visible()


async def test_what_agents_write_is_text_never_markup(people: People) -> None:
    plan_id = await started(people, description="<img src=x onerror=alert(1)> **goal**")
    page = await people.arrives("anna", f"/plan/{plan_id}")
    await expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)> **goal**")).to_be_visible()


async def test_an_unknown_plan_says_so(people: People) -> None:
    page = await people.arrives("anna", "/plan/no-such-plan")
    await expect(page.get_by_text("There is no such plan in this workspace.")).to_be_visible()


async def test_the_palette_jumps_by_keys(people: People) -> None:
    page = await people.arrives("anna")
    await page.keyboard.press("Control+k")
    await page.get_by_role("textbox", name="Search or jump to").fill("workspace")
    await expect(page.get_by_role("button", name="Workspace", exact=True)).to_be_visible()
    await people.picture(page, "palette")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{people.system.url}/workspace/tasks")


async def started(
    people: People, *, description: str = "Do as told", hitl: bool = False, **inputs: object
) -> str:
    """Starts a plan of the scripted team and returns its id."""
    body = {"description": description, "team_id": "scripted", "require_hitl": hitl, "inputs": inputs}
    async with people.client() as client:
        response = await client.post("/api/v3/process_request", json=body)
    assert response.status_code == 200, response.text
    plan_id: str = response.json()["plan_id"]
    return plan_id
