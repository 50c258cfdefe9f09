"""Of all runners that believe to own a plan, the log accepts one, in any interleaving (design.md 5)."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.memory_bus import MemoryBus
from support.runner_in_memory import ACTIONS, Runner, accepted, start

from agentbus.contracts.plan_record import PlanRecord
from agentbus.runner.handlers import handle


async def contest(seed: int, gains: list[int], plans: int) -> MemoryBus:
    """Gives the partition to one runner after the other, without telling the one before at once."""
    bus = MemoryBus(seed)
    runners = [Runner(bus), Runner(bus)]
    await runners[0].ownership.gain(0)
    starts = [asyncio.create_task(_start(runners[0], f"p{number}")) for number in range(plans)]
    owner = runners[0]
    for index in gains:
        await bus.switch()
        owner = runners[index]
        await owner.ownership.gain(0)
        other = runners[1 - index]
        await bus.switch()
        await other.ownership.lose([0])
    await asyncio.gather(*starts, return_exceptions=True)
    # The commands whose offsets were not committed are delivered again, to the owner.
    for number in range(plans):
        await _start(owner, f"p{number}")
    async with asyncio.timeout(20):
        while sum(record.state == "ended" for record in _newest(bus).values()) < plans:
            await bus.switch()
    for runner in runners:
        await runner.close()
    return bus


async def _start(runner: Runner, plan_id: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    await handle(start(plan_id), 0, moment, ownership=runner.ownership)


def _newest(bus: MemoryBus) -> dict[str, PlanRecord]:
    return {record.start.plan_id: record for record in bus.records}


@settings(max_examples=200)
@example(seed=130, gains=[1, 0], plans=2)
@given(st.integers(0, 10**9), st.lists(st.integers(0, 1), max_size=4), st.integers(1, 3))
def test_each_seq_once_and_finished_actions_not_repeated(seed: int, gains: list[int], plans: int) -> None:
    bus = asyncio.run(contest(seed, gains, plans))
    for number in range(plans):
        log = accepted(bus, f"p{number}")
        assert [message["seq"] for message in log] == list(range(1, len(log) + 1))
        kinds = Counter(message["type"] for message in log)
        assert kinds["plan_created"] == kinds["final_result_message"] == kinds["plan_completed"] == 1
        assert log[-1]["type"] == "plan_completed"
        completed = Counter(message["action_id"] for message in log if message["type"] == "action_completed")
        assert set(completed.values()) == {1}
        assert len(completed) == ACTIONS
        assert next(m["content"] for m in log if m["type"] == "final_result_message") == "10"


async def test_a_start_that_came_too_late_is_void() -> None:
    bus = MemoryBus(1)
    runner = Runner(bus)
    await runner.ownership.gain(0)
    await handle(start("late"), 0, datetime(2026, 1, 1, 0, 0, 11, tzinfo=UTC), ownership=runner.ownership)
    await runner.close()
    assert (bus.log, bus.records) == ([], [])
