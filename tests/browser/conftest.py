"""The web app in Debian's Chromium, on the whole system. Run by `make browser`, which builds the app."""

import os
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect
from support.people import People
from support.system import System

from agentbus.embedded.web import WEB_ROOT

WAIT_MS = 90_000
"""How long anything is waited for: what is right comes in a second, on a machine that is busy in many."""
TEST_SECONDS = 900

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives the tests of this folder time for one long wait or several short ones."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where pictures of every page go."""
    parser.addoption("--screenshots", metavar="FOLDER", type=Path, help="keep a picture of every page there")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "no Chromium on this machine; on Debian: apt-get install chromium"
    assert (WEB_ROOT / "index.html").is_file(), "the web app is not built: make web"
    # As root Chromium runs only without its sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
async def people(system: System, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[People]:
    """People with a browser each, in a workspace of this test's own; no page may have raised an error."""
    folder: Path | None = request.config.getoption("screenshots")
    people = People(system, browser, f"acme-{uuid.uuid4().hex[:8]}", folder)
    yield people
    await people.leave()
    assert people.errors == []
