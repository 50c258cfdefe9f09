"""A plan that ends every runner that works on it fails at last, and only such a plan."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.eventually import eventually
from support.memory_bus import MemoryBus
from support.memory_log import NoLiveText
from support.runner_in_memory import Runner, accepted, start

from agentbus.contracts.payloads import Team as TeamCard
from agentbus.kernel.clock import SystemClock
from agentbus.runner.execution import Execution
from agentbus.runner.journal import Journal
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.plan_run import PlanRun
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import PlanContext, Report

LIMIT = 3


class Deadly:
    """Its first action is done; in the second the runner dies (here: is closed)."""

    card = TeamCard(team_id="deadly", name="Deadly")

    def __init__(self, dying: asyncio.Event) -> None:
        self._dying = dying

    async def run(self, plan: PlanContext) -> Report:
        await plan.act("a", "harmless", {}, _nothing)
        await plan.act("a", "deadly", {}, self._die)
        return Report("", "")

    async def _die(self) -> None:
        self._dying.set()
        await asyncio.get_running_loop().create_future()


class DyingRunner(Runner):
    def __init__(self, bus: MemoryBus) -> None:
        self.dying = asyncio.Event()
        super().__init__(bus)

    def _run(self, log: PlanLog) -> PlanRun:
        time = RunningTime(asyncio.Semaphore(8), 60)
        execution = Execution(log, NoLiveText(), time, SystemClock(), action_limit_seconds=10)
        team = Deadly(self.dying)
        return PlanRun(execution, time, lambda: team, self.ownership.ended, max_resumptions=LIMIT)


async def _nothing() -> None:
    pass


async def test_a_plan_that_ends_its_runners_fails() -> None:
    bus = MemoryBus(1)
    runner = DyingRunner(bus)
    await runner.ownership.gain(0)
    await runner.ownership.start(0, start("p"), SystemClock().now())
    for _ in range(LIMIT):
        await asyncio.wait_for(runner.dying.wait(), 10)
        await runner.close()
        runner = DyingRunner(bus)
        await runner.ownership.gain(0)
    await asyncio.wait_for(runner.dying.wait(), 10)
    await runner.close()
    last = DyingRunner(bus)
    await last.ownership.gain(0)
    await eventually(_has_ended(bus), within=10)
    assert not last.dying.is_set(), "it was tried once too often"
    await last.close()
    log = accepted(bus, "p")
    assert log[-1]["type"] == "plan_failed"
    assert log[-1]["payload"]["error"]["code"] == "too_many_resumptions"
    assert [message["seq"] for message in log] == list(range(1, len(log) + 1))


def _has_ended(bus: MemoryBus) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        assert bus.records[-1].state == "ended"

    return check


def told(*kinds: str) -> Journal:
    journal = Journal()
    payloads: dict[str, dict[str, Any]] = {
        "user_clarification_request": {"request_id": "r"},
        "user_clarification_response": {"request_id": "r", "answer": "red"},
    }
    for seq, kind in enumerate(kinds, 1):
        payload = payloads.get(kind, {})
        journal.take({"seq": seq, "attempt": 1, "type": kind, "payload": payload, "metadata": {}})
    return journal


@pytest.mark.parametrize(
    ("kinds", "counted"),
    [
        (["plan_created", "plan_resumed", "plan_resumed"], 2),
        (["plan_created", "plan_resumed", "agent_message", "plan_resumed"], 1),
        (["user_clarification_request", *["plan_resumed"] * 20], 0),
        (["user_clarification_request", "plan_resumed", "user_clarification_response", "plan_resumed"], 1),
    ],
)
def test_only_what_got_no_further_counts(kinds: list[str], counted: int) -> None:
    assert told(*kinds).resumptions == counted
