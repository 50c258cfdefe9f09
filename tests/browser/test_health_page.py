"""System health in the browser: each service, what to do when one is away, for whom it is (H3, H5)."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect
from support.people import People, Scheme, serious_findings
from support.system import System

from agentbus.chassis.auth import DEFAULT_WORKSPACE, Role

PHONE = 600


@pytest.fixture
async def operators(system: System, browser: Browser, people: People) -> AsyncIterator[People]:
    """The administrators of the system."""
    operators = People(system, browser, DEFAULT_WORKSPACE, people.pictures)
    yield operators
    await operators.leave()
    assert operators.errors == []


@pytest.mark.parametrize(("scheme", "wide"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
async def test_the_system_is_seen_at_a_glance(operators: People, scheme: Scheme, wide: int) -> None:
    page = await operators.arrives("olga", "/plans", role=Role.ADMIN, scheme=scheme, wide=wide)
    sections = page.get_by_role("contentinfo") if wide < PHONE else page.get_by_role("navigation")
    await sections.get_by_role("link", name="Health").first.click()
    services = page.get_by_role("region", name="Each service").get_by_role("row")
    for name in ("plans", "runner", "gateway", "persister", "workspace", "telemetry"):
        await expect(services.filter(has_text=name).filter(has_text="Up")).to_be_visible()
    await expect(services.filter(has_text="telemetry")).to_contain_text("MB")
    stores = page.get_by_role("region", name="Databases and bus").get_by_role("listitem")
    await expect(stores.filter(has_text="Answers")).to_have_count(3)
    await expect(page.get_by_role("region", name="Disk")).to_contain_text("free of")
    await expect(page.get_by_role("img", name="Memory over time").locator("canvas")).to_be_visible()
    await operators.picture(page, f"system-health-{scheme}-{wide}")
    assert await serious_findings(page) == []


async def test_a_service_that_dies_is_seen_down_with_what_to_do_and_up_again(operators: People) -> None:
    page = await operators.arrives("olga", "/system", role=Role.ADMIN)
    row = page.get_by_role("region", name="Each service").get_by_role("row").filter(has_text="persister")
    await expect(row).to_contain_text("Up")
    stack = operators.system.stack
    await stack.kill("persister", restart=False)
    try:
        await expect(row).to_contain_text("Down")
        await expect(page.get_by_text("1 of 6 services is not well")).to_be_visible()
        advice = page.get_by_role("region", name="What to do now").get_by_role("listitem")
        await expect(advice.filter(has_text="persister").last).to_contain_text("agentbus logs persister")
        await operators.picture(page, "system-health-down")
        assert await serious_findings(page) == []
    finally:
        await stack.start("persister")
    await expect(row).to_contain_text("Up")
    await expect(page.get_by_text("persister at")).to_have_count(0)


async def test_others_are_told_for_whom_it_is(people: People) -> None:
    for role, linked in ((Role.EDITOR, 0), (Role.ADMIN, 1)):
        page = await people.arrives("anna", "/system", role=role)
        await expect(page.get_by_role("heading", name="For administrators of the system")).to_be_visible()
        await expect(page.get_by_text(f"You are {role} of {people.workspace}")).to_be_visible()
        sections = page.get_by_role("navigation", name="Sections").first
        await expect(sections.get_by_role("link", name="Health")).to_have_count(linked)
        await people.picture(page, "system-health-refused")
        assert await serious_findings(page) == []
    await page.get_by_role("link", name="Alerts of this workspace").click()
    await expect(page.get_by_role("heading", name="No alerts")).to_be_visible()
