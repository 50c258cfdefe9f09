"""What was submitted is found at once; many plans and long plans are complete (A1.3, A2.3, A3.1)."""

import asyncio
from typing import Any

from support.system import System, check_order


async def test_a_get_right_after_the_post_finds_the_plan(system: System) -> None:
    async with system.client() as client:
        for _ in range(20):
            body = {"description": "x", "team_id": "scripted"}
            plan_id = (await client.post("/api/v3/process_request", json=body)).json()["plan_id"]
            response = await client.get("/api/v3/plan", params={"plan_id": plan_id})
            assert response.status_code == 200
            assert response.json()["plan"]["status"] in ("created", "in_progress", "completed")


async def test_twenty_plans_at_once(system: System) -> None:
    answers = await asyncio.gather(
        *(system.submit(f"plan {number}", inputs={"actions": 5, "messages": 20}) for number in range(20))
    )
    plans: list[dict[str, Any]] = await asyncio.gather(
        *(system.ended(answer["plan_id"]) for answer in answers)
    )
    for number, plan in enumerate(plans):
        assert plan["plan"]["description"] == f"plan {number}"
        check_order(plan["messages"])
        assert len(plan["messages"]) == 2 + 5 * 2 + 20 + 2


async def test_a_plan_of_ten_thousand_messages(system: System) -> None:
    plan_id = (await system.submit(inputs={"messages": 10_000}))["plan_id"]
    watched = await system.watch(plan_id)
    plan = await system.ended(plan_id, within=120)
    check_order(plan["messages"])
    assert len(plan["messages"]) == 10_004
    assert plan["messages"] == watched


async def test_min_seq_waits_until_the_message_is_stored(system: System) -> None:
    plan_id = (await system.submit(inputs={"actions": 1, "pause_seconds": 1}))["plan_id"]
    body = await system.plan(plan_id, min_seq=6)
    assert body["plan"]["status"] == "completed"
    assert len(body["messages"]) == 6
