"""What a browser that was never here fetches before one can work: its size is held, its time is told."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect
from support.people import People

MOST_BYTES = 300_000
"""Of compressed JavaScript, with the workspace's database, which is opened at once."""

LOADED = """({
    scripts: [...new Map(performance.getEntriesByType("resource")
        .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize])
        .filter(([path]) => path.endsWith(".js")))],
    painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
})"""


@pytest.mark.parametrize(("path", "heading"), [("/plans", "Plans"), ("/workspace/tasks", "Workspace")])
async def test_the_first_load_is_small(
    people: People, tell: Callable[[str], None], path: str, heading: str
) -> None:
    page = await people.arrives("anna", path)
    await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    loaded: dict[str, Any] = await page.evaluate(LOADED)
    total = sum(size for _, size in loaded["scripts"])
    assert 0 < total <= MOST_BYTES, loaded["scripts"]
    tell(f"{path}: {total / 1000:.0f} kB of JavaScript, painted after {loaded['painted']:.0f} ms")
