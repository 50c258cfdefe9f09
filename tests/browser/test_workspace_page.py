"""The workspace in the browser: shared at once, kept without a connection, conflicts shown (B1, B2)."""

from playwright.async_api import expect
from support.board import card, has_titles, new_task, tasks
from support.eventually import eventually
from support.people import People

from agentbus.chassis.auth import Role


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
    await eventually(lambda: has_titles(people, {"First", "Typed while away"}), within=90)


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
        await expect(page.get_by_text("Online", exact=True)).to_be_visible()
    for page in (anna, ben):
        await expect(card(page, "Of ben")).to_contain_text("a")
    await eventually(lambda: has_titles(people, {"Of ben"}), within=90)
    await anna.get_by_role("tab", name="Conflicts").click()
    await expect(anna.get_by_text("by ben, won")).to_be_visible()
    await people.picture(anna, "workspace-conflicts")
    await anna.get_by_role("button", name="Put back").click()
    await expect(card(ben, "Of anna")).to_be_visible()


async def test_a_plan_of_a_task_tells_the_task(people: People) -> None:
    page = await people.arrives("anna", "/workspace/tasks")
    await new_task(page, "Count")
    task = (await tasks(people))[0]
    body = {"description": "Count", "team_id": "scripted", "inputs": {"task_id": task["id"], "ask": True}}
    async with people.client() as client:
        plan_id = (await client.post("/api/v3/process_request", json=body)).json()["plan_id"]
    await expect(page.get_by_role("region", name="Paused")).to_contain_text("Count")
    await card(page, "Count").click()
    await page.get_by_role("link", name="Open its plan").click()
    await expect(page).to_have_url(f"{people.system.url}/plan/{plan_id}")
    await page.get_by_label("Which colour?").fill("blue")
    await page.get_by_role("button", name="Answer").click()
    await page.goto("/workspace/tasks")
    await expect(page.get_by_role("region", name="Done")).to_contain_text("Count")


async def test_an_environment_keeps_a_secret_that_nobody_reads(people: People) -> None:
    page = await people.arrives("anna", "/workspace/environments")
    await page.get_by_role("button", name="New environment").click()
    await page.get_by_label("Name").fill("Website")
    await page.get_by_role("tab", name="Secrets").click()
    await page.get_by_label("Name").fill("GITHUB_TOKEN")
    await page.get_by_label("Value").fill("correct horse battery staple")
    await expect(page.get_by_text("Online", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Set the secret").click()
    await expect(page.get_by_text("set by anna")).to_be_visible()
    await people.picture(page, "environment-secrets")
    await page.get_by_role("tab", name="History").click()
    await expect(page.get_by_text("created it in the app")).to_be_visible()
    assert "correct horse" not in await page.content()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Website")).to_contain_text("1 secret")


async def test_a_revoked_token_ends_the_session_at_once(people: People) -> None:
    page = await people.arrives("anna", "/workspace/tasks")
    async with people.client("admin", Role.ADMIN) as admin:
        revoked = await admin.post("/api/v3/access/revocations", json={"user_id": "anna"})
    assert revoked.is_success, revoked.text
    await expect(page.get_by_text("Your token does not hold any more")).to_be_visible()


async def test_the_workspace_is_named_and_others_are_a_key_away(people: People) -> None:
    page = await people.arrives("anna")
    await page.get_by_role("button", name=f"Workspace {people.workspace}").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name=people.workspace)).to_contain_text("editor")
    await people.picture(page, "workspace-switcher")
    await expect(page.get_by_role("menu").locator(":focus")).to_be_attached()
    for name in (people.workspace, "Use another token"):
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("menuitem", name=name)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_an_api_key_signs_in_to_its_workspace(people: People) -> None:
    async with people.client("admin", Role.ADMIN) as admin:
        made = await admin.post("/api/v3/access/keys", json={"name": "tool", "user_id": "anna"})
        assert made.status_code == 201, made.text
    page = await people.arrives("anna")
    await page.get_by_role("button", name="Account of anna").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.get_by_label("Access token").fill(made.json()["key"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name=f"Workspace {people.workspace}")).to_be_visible()
    await expect(page.get_by_text("Online", exact=True)).to_be_visible()
