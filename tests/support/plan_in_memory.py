"""A plan that runs in memory, with a team that is one function: for tests of how plans live and end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from support.eventually import eventually
from support.memory_log import MemoryLog, NoLiveText

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.kernel.clock import SystemClock
from agentbus.runner.execution import Execution
from agentbus.runner.journal import Journal
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.plan_run import PlanRun
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import PlanContext, Report

START = StartPlan(
    command_id="c",
    plan_id="p",
    workspace_id="w",
    user_id="u",
    session_id="s",
    description="goal",
    team_id="one",
    request_hash="h",
    issued_at="2026-01-01T00:00:00.000000Z",
    expires_at="2026-01-01T00:00:10.000000Z",
)


class OneFunctionTeam:
    card = TeamCard(team_id="one", name="One")

    def __init__(self, work: Callable[[PlanContext], Awaitable[Report]]) -> None:
        self._work = work

    async def run(self, plan: PlanContext) -> Report:
        return await self._work(plan)


class PlanInMemory:
    """One attempt of a plan; `messages` is its log."""

    def __init__(
        self,
        work: Callable[[PlanContext], Awaitable[Report]],
        *,
        places: asyncio.Semaphore | None = None,
        limit_seconds: float = 60,
        start: StartPlan = START,
        messages: list[dict[str, Any]] | None = None,
    ) -> None:
        self.messages: list[dict[str, Any]] = [] if messages is None else messages
        journal = Journal()
        for message in self.messages:
            journal.take(message)
        self.outbox = MemoryLog(self.messages)
        self.log = PlanLog(start, journal, journal.sequence.attempt + 1, self.outbox, SystemClock())
        self.live = NoLiveText()
        time = RunningTime(places or asyncio.Semaphore(1), limit_seconds)
        execution = Execution(self.log, self.live, time, SystemClock(), action_limit_seconds=10)
        self.closed = asyncio.Event()
        self.run = PlanRun(execution, time, lambda: OneFunctionTeam(work), self._closed)

    async def _closed(self, _: PlanRun) -> None:
        self.closed.set()

    async def to_its_end(self, within: float = 5) -> list[dict[str, Any]]:
        self.run.begin()
        async with asyncio.timeout(within):
            await self.closed.wait()
        return self.messages

    async def until(self, kind: str, within: float = 5) -> None:
        async def there() -> None:
            assert kind in self.types()

        await eventually(there, within=within)

    def types(self) -> list[str]:
        return [message["type"] for message in self.messages]
