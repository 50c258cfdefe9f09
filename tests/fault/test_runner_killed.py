"""kill -9 of a runner in the middle: another takes over and repeats no finished action (A5.1)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.eventually import eventually
from support.system import System, check_order, environment

pytestmark = pytest.mark.quick_campaign


@pytest.fixture
async def second_runner(system: System) -> AsyncIterator[str]:
    await system.stack.start("runner-2", environment())
    yield "runner-2"
    await system.stack.stop("runner-2")


async def test_another_runner_takes_over(system: System, second_runner: str, tmp_path: Path) -> None:
    done_log = tmp_path / "done"
    inputs = {"actions": 15, "pause_seconds": 0.3, "done_log": str(done_log), "messages": 30}
    answers = await asyncio.gather(*(system.submit(inputs=inputs) for _ in range(6)))
    plan_ids = [answer["plan_id"] for answer in answers]

    async def under_way() -> None:
        assert done_log.exists()
        counted = Counter(line.split()[0] for line in done_log.read_text().splitlines())
        assert len(counted) == 6
        assert min(counted.values()) >= 3

    await eventually(under_way, within=60)
    await system.stack.kill("runner", restart=False)
    try:
        plans = [await system.ended(plan_id, within=90) for plan_id in plan_ids]
    finally:
        await system.stack.start("runner")
    for plan in plans:
        check_order(plan["messages"])
        assert plan["plan"]["status"] == "completed"
    assert any(plan["messages"][-1]["attempt"] > 1 for plan in plans), "no plan was on the killed runner"
    counted = Counter(done_log.read_text().splitlines())
    assert len(counted) == 6 * 15
    assert max(counted.values()) <= 2
    done_again = [line for line, count in counted.items() if count > 1]
    assert len(done_again) <= 6, "of each plan only the action that was cut off may be done again"
    for line in done_again:
        plan_id, number = line.split()
        messages = plans[plan_ids.index(plan_id)]["messages"]
        by_the_dead = [
            m["payload"].get("result")
            for m in messages
            if m["type"] == "action_completed" and m["attempt"] == 1
        ]
        assert int(number) not in by_the_dead
