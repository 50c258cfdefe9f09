"""The web app in Debian's Chromium, on the whole system. Run by `make browser`, which builds the app."""

import os
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright
from support.people import People
from support.system import System

from agentbus.embedded.web import WEB_ROOT

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


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
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
async def people(system: System, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[People]:
    """People with a browser each, in a workspace of this test's own; no page may have raised an error."""
    folder: Path | None = request.config.getoption("screenshots")
    people = People(system, browser, f"w{uuid.uuid4().hex[:12]}", folder)
    yield people
    await people.leave()
    assert people.errors == []
