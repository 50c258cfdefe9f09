"""With Kafka away agents go on; nothing is lost or doubled afterwards; new plans are refused whole (A5.1)."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from support.eventually import eventually
from support.system import System, check_order

pytestmark = pytest.mark.quick_campaign


async def lines(done_log: Path) -> list[str]:
    return (await asyncio.to_thread(done_log.read_text)).splitlines() if done_log.exists() else []


async def test_agents_go_on_and_the_outbox_drains(system: System, tmp_path: Path) -> None:
    done_log = tmp_path / "done"
    inputs = {"actions": 20, "pause_seconds": 0.3, "done_log": str(done_log)}
    plan_id = (await system.submit(inputs=inputs))["plan_id"]

    async def under_way(count: int) -> None:
        assert len(await lines(done_log)) >= count

    await eventually(lambda: under_way(3), within=30)
    await system.stack.kill("kafka", restart=False)
    try:
        await eventually(lambda: under_way(20), within=60)
        assert await system.metric("runner", "agentbus_runner_outbox_pending_records") > 0
        async with system.client() as client:
            body = {"description": "refused", "team_id": "scripted", "inputs": {"done_log": str(done_log)}}
            refused = await client.post("/api/v3/process_request", json=body)
            assert refused.status_code == 503, refused.text
            assert int(refused.headers["retry-after"]) > 0
            assert refused.headers["content-type"] == "application/problem+json"
    finally:
        await system.stack.start("kafka")
    plan = await system.ended(plan_id, within=90)
    check_order(plan["messages"])
    assert set(Counter(await lines(done_log)).values()) == {1}, (
        "every action was done once, none by the refused plan"
    )
    async with system.client() as client:
        descriptions = [item["description"] for item in (await client.get("/api/v3/plans")).json()]
    assert "refused" not in descriptions


async def test_the_runner_dies_meanwhile(system: System, tmp_path: Path) -> None:
    done_log = tmp_path / "done"
    inputs = {"actions": 12, "pause_seconds": 0.3, "done_log": str(done_log), "messages": 200}
    plan_id = (await system.submit(inputs=inputs))["plan_id"]

    async def under_way(count: int) -> None:
        assert len(await lines(done_log)) >= count

    await eventually(lambda: under_way(3), within=30)
    await system.stack.kill("kafka", restart=False)
    try:
        await eventually(lambda: under_way(8), within=30)
        await system.stack.kill("runner")
    finally:
        await system.stack.start("kafka")
    plan = await system.ended(plan_id, within=90)
    check_order(plan["messages"])
    assert plan["messages"] == await system.on_kafka(plan_id)
    counted = Counter(await lines(done_log))
    assert len(counted) == 12
    assert sum(counted.values()) <= 13, "only the action that was cut off may be done again"
