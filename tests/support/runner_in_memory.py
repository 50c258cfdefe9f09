"""Runners on one partition in memory, which watch the log as the real one does, and what the log accepts."""

import asyncio
from functools import partial
from typing import Any

from support.memory_bus import MemoryBus, MemoryRecords, MemoryRunnerPorts
from support.memory_log import NoLiveText

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.kernel.clock import SystemClock
from agentbus.plan.sequence import PlanSequence
from agentbus.runner.drafts import Draft
from agentbus.runner.execution import Execution
from agentbus.runner.ownership import Ownership
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.plan_run import PlanRun
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import PlanContext, Report

ACTIONS = 5


def start(plan_id: str) -> StartPlan:
    return StartPlan(
        command_id=f"start {plan_id}",
        plan_id=plan_id,
        workspace_id="w",
        user_id="u",
        session_id="s",
        description="goal",
        team_id="counting",
        request_hash="h",
        issued_at="2026-01-01T00:00:00.000000Z",
        expires_at="2026-01-01T00:00:10.000000Z",
    )


class CountingTeam:
    card = TeamCard(team_id="counting", name="Counting")

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    async def run(self, plan: PlanContext) -> Report:
        total = 0
        for number in range(ACTIONS):
            total += await plan.act("a", "count", {"number": number}, partial(self._count, number))
        return Report(str(total), "")

    async def _count(self, number: int) -> int:
        await self._bus.switch()
        return number


class Runner:
    """A runner on the shared bus, which watches the log as the real one does."""

    def __init__(self, bus: MemoryBus, *, remembered_plans: int = 1000) -> None:
        self.bus = bus
        self.ports = MemoryRunnerPorts(bus)
        self.ownership = Ownership(
            messages=self.ports,
            records=MemoryRecords(bus),
            outbox=self.ports,
            clock=SystemClock(),
            run=self._run,
            created=lambda command: Draft(
                "plan_created",
                payload={
                    "description": command.description,
                    "team": {"team_id": "counting", "name": "Counting"},
                    "require_hitl": False,
                    "inputs": {},
                    "request_hash": "h",
                },
                metadata={"key": "created"},
            ),
            remembered_plans=remembered_plans,
        )
        self._watch = asyncio.create_task(self._watch_log())

    def _run(self, log: PlanLog) -> PlanRun:
        time = RunningTime(asyncio.Semaphore(8), 60)
        execution = Execution(log, NoLiveText(), time, SystemClock(), action_limit_seconds=10)
        return PlanRun(execution, time, lambda: CountingTeam(self.bus), self.ownership.ended)

    async def _watch_log(self) -> None:
        seen = 0
        while True:
            await asyncio.sleep(0)
            for message in self.bus.log[seen:]:
                self.ownership.superseded(message["plan_id"], message["attempt"])
            seen = len(self.bus.log)

    async def close(self) -> None:
        self._watch.cancel()
        await self.ownership.close()


def accepted(bus: MemoryBus, plan_id: str) -> list[dict[str, Any]]:
    sequence = PlanSequence()
    of_plan = [message for message in bus.log if message["plan_id"] == plan_id]
    return [item for item in of_plan if sequence.accept(item["seq"], item["attempt"]).accepted]
