"""A plan of 10,000 messages: opened, scrolled, read to its end; how long that takes is told."""

from collections.abc import Callable
from typing import Any

from playwright.async_api import expect
from support.eventually import eventually
from support.people import People

MESSAGES = 10_000
OPENED = """new Promise((done) => {
    const drawn = () => document.querySelector("[data-index]") !== null;
    const look = () => drawn() ? done(performance.now()) : requestAnimationFrame(look);
    look();
})"""
SCROLLED = """new Promise((done) => {
    const [frames, blank] = [[], []];
    let last = performance.now();
    const step = (now) => {
        frames.push(now - last);
        last = now;
        const rows = [...document.querySelectorAll("[data-index]")].map((row) => row.getBoundingClientRect());
        if (!rows.some(({ top, bottom }) => bottom > 0 && top < innerHeight)) blank.push(frames.length);
        if (frames.length === 240) return done({ frames: frames.sort((a, b) => a - b), blank: blank.length });
        scrollBy(0, 300);
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


async def test_a_long_plan_opens_and_scrolls(people: People, tell: Callable[[str], None]) -> None:
    body = {"description": "Say much", "team_id": "scripted", "inputs": {"messages": MESSAGES}}
    async with people.client() as client:
        plan_id = (await client.post("/api/v3/process_request", json=body)).json()["plan_id"]

        async def ended() -> None:
            answer = await client.get("/api/v3/plan", params={"plan_id": plan_id, "after_seq": MESSAGES})
            assert answer.json()["plan"]["status"] == "completed"

        await eventually(ended, within=600)
    page = await people.arrives("anna")
    times = []
    for _ in range(5):
        await page.goto(f"/plan/{plan_id}?view=activity", wait_until="commit")
        times.append(await page.evaluate(OPENED))
        await expect(page.get_by_text("message 0", exact=True)).to_be_visible()
        await page.goto("/plans")
    await page.goto(f"/plan/{plan_id}?view=activity")
    await expect(page.get_by_text("message 0", exact=True)).to_be_visible()
    scroll: dict[str, Any] = await page.evaluate(SCROLLED)
    assert scroll["blank"] == 0
    assert await page.locator("[data-index]").count() < 150, "only what is in sight is drawn"
    await page.keyboard.press("End")
    await expect(page.get_by_text(f"message {MESSAGES - 1}", exact=True)).to_be_visible()
    frames = scroll["frames"]
    tell(
        f"{MESSAGES} messages: open in {times[0]:.0f} ms at first, {sorted(times)[2]:.0f} (median of 5);"
        f" a frame while scrolling: p50 {frames[120]:.1f} ms, p95 {frames[228]:.1f}, at most {frames[-1]:.0f}"
    )
