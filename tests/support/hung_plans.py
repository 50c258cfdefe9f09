"""Plans that hang until a test lets go of them, where that is soon too long. For the tests in a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from support.eventually import eventually
from support.people import People

ALERTS: Final = "/api/v3/alerts"
LONGER_THAN_TESTS: Final = 280
"""And shorter than what the runner allows an action."""


@asynccontextmanager
async def hung_plan(people: People, goal: str = "Count the lines of the archive") -> AsyncIterator[str]:
    """Starts a plan whose action hangs, longer than the second it may take; gives its id, cancels it."""
    async with people.client() as client:
        limited = await client.put(f"{ALERTS}/limits/tool/tick", json={"limit": 1.0})
        assert limited.status_code == 200, limited.text
        inputs = {"actions": 1, "pause_seconds": LONGER_THAN_TESTS}
        body = {"description": goal, "team_id": "scripted", "inputs": inputs}
        started = await client.post("/api/v3/process_request", json=body)
        plan_id = str(started.json()["plan_id"])
        try:
            yield plan_id
        finally:
            await let_go(people, plan_id)


async def let_go(people: People, plan_id: str) -> None:
    """Cancels the plan; again does nothing."""
    async with people.client() as client:
        answer = await client.post(f"/api/v3/plans/{plan_id}/cancel", json={"reason": "the test is over"})
    assert answer.status_code in (200, 202, 409), answer.text


async def alert_of(people: People, plan_id: str) -> dict[str, Any]:
    """Waits for the plan's alert, and returns it."""

    async def found() -> dict[str, Any]:
        async with people.client() as client:
            listed = (await client.get(ALERTS, params={"plan_id": plan_id})).json()
        assert len(listed) == 1, listed
        return dict(listed[0])

    return await eventually(found, within=90)
