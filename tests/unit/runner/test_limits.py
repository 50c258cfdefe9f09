"""Actions and plans end in time, waiting for a person costs none, and what is too large is cut and marked."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from support.eventually import eventually
from support.memory_log import MemoryLog, NoLiveText

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.kernel.clock import SystemClock
from agentbus.runner.bounds import OUTPUT_LIMIT_BYTES
from agentbus.runner.drafts import Draft
from agentbus.runner.errors import ActionFailed
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
    team_id="t",
    request_hash="h",
    issued_at="2026-01-01T00:00:00.000000Z",
    expires_at="2026-01-01T00:00:10.000000Z",
)
Script = Callable[[PlanContext], Awaitable[str]]


class Scripted:
    card = TeamCard(team_id="t", name="T")

    def __init__(self, script: Script) -> None:
        self._script = script

    async def run(self, plan: PlanContext) -> Report:
        return Report(await self._script(plan), "")


class OnePlan:
    """A plan of one script, on a log in memory."""

    def __init__(
        self,
        script: Script,
        *,
        places: asyncio.Semaphore | None = None,
        plan_limit_seconds: float = 60,
        action_limit_seconds: float = 60,
    ) -> None:
        self.messages: list[dict[str, Any]] = []
        log = PlanLog(START, Journal(), 1, MemoryLog(self.messages), SystemClock())
        self.places = places or asyncio.Semaphore(1)
        time = RunningTime(self.places, plan_limit_seconds)
        execution = Execution(
            log, NoLiveText(), time, SystemClock(), action_limit_seconds=action_limit_seconds
        )
        self._ended = asyncio.Event()
        self.run = PlanRun(execution, time, lambda: Scripted(script), self._on_end)

    async def _on_end(self, _: PlanRun) -> None:
        self._ended.set()

    async def to_its_end(self) -> list[str]:
        self.run.begin()
        await self.ended()
        return [message["type"] for message in self.messages]

    async def ended(self) -> None:
        async with asyncio.timeout(20):
            await self._ended.wait()

    async def asked(self) -> None:
        async def question() -> None:
            assert self.run.log.journal.open_questions

        await eventually(question, within=10)

    async def answer(self) -> None:
        request_id = self.run.log.journal.open_questions[0]
        payload = {"request_id": request_id, "answer": "yes", "command_id": "1"}
        await self.run.log.publish(Draft("user_clarification_response", payload=payload))
        await self.run.execution.decided()


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_an_action_that_takes_too_long_is_stopped_and_its_plan_goes_on() -> None:
    async def script(plan: PlanContext) -> str:
        try:
            await plan.act("a", "hang", {}, for_ever)
        except ActionFailed as failed:
            return failed.code
        return "no"

    plan = OnePlan(script, action_limit_seconds=0.05)
    kinds = await plan.to_its_end()
    assert kinds[:3] == ["action_started", "timeout_notification", "action_failed"]
    assert plan.messages[2]["payload"]["error"]["code"] == "action_timeout"
    assert plan.messages[1]["timeout_type"] == "action"
    assert plan.messages[-2]["content"] == "action_timeout"


async def test_a_plan_that_takes_too_long_fails() -> None:
    async def script(plan: PlanContext) -> str:
        await plan.act("a", "hang", {}, for_ever)
        return "no"

    plan = OnePlan(script, plan_limit_seconds=0.05)
    assert (await plan.to_its_end())[-1] == "plan_failed"
    assert plan.messages[-1]["payload"]["error"]["code"] == "plan_timeout"
    assert not plan.places.locked(), "its place is free again"


async def test_waiting_for_a_person_costs_neither_time_nor_a_place() -> None:
    async def asks(plan: PlanContext) -> str:
        return await plan.ask("a", "?")

    async def quick(plan: PlanContext) -> str:
        await plan.say("a", "x")
        return "quick"

    places = asyncio.Semaphore(1)
    waiting = OnePlan(asks, places=places, plan_limit_seconds=0.3)
    waiting.run.begin()
    await waiting.asked()
    other = OnePlan(quick, places=places)
    assert (await other.to_its_end())[-1] == "plan_completed"
    await asyncio.sleep(0.4)  # longer than the plan's limit
    await waiting.answer()
    await waiting.ended()
    assert waiting.messages[-1]["type"] == "plan_completed"
    assert waiting.messages[-2]["content"] == "yes"
    assert not places.locked()


async def test_a_plan_that_waits_for_a_person_can_be_canceled() -> None:
    async def asks(plan: PlanContext) -> str:
        return await plan.ask("a", "?")

    plan = OnePlan(asks)
    plan.run.begin()
    await plan.asked()
    await plan.run.cancel("enough")
    await plan.ended()
    assert plan.messages[-1]["type"] == "plan_canceled"
    assert not plan.places.locked()


async def test_a_plan_that_waits_for_its_place_can_be_canceled() -> None:
    async def script(plan: PlanContext) -> str:
        return "no"

    places = asyncio.Semaphore(0)
    plan = OnePlan(script, places=places)
    plan.run.begin()
    await plan.run.cancel("enough")
    await plan.ended()
    assert [message["type"] for message in plan.messages] == ["final_result_message", "plan_canceled"]
    assert places.locked(), "it had no place to give back"


async def test_an_output_that_is_too_large_is_cut_and_marked_and_the_team_sees_what_the_log_has() -> None:
    large = "x" * (OUTPUT_LIMIT_BYTES * 4)

    async def work() -> str:
        return large

    async def script(plan: PlanContext) -> str:
        seen = await plan.act("a", "print", {}, work)
        return str(len(seen))

    plan = OnePlan(script)
    await plan.to_its_end()
    payload = plan.messages[1]["payload"]
    assert len(payload["result"]) == OUTPUT_LIMIT_BYTES
    assert payload["cut"] == {
        "size_bytes": len(large),
        "sha256": hashlib.sha256(large.encode()).hexdigest(),
    }
    assert plan.messages[-2]["content"] == str(OUTPUT_LIMIT_BYTES)


async def test_a_message_that_is_too_large_is_cut_and_marked() -> None:
    async def script(plan: PlanContext) -> str:
        await plan.say("a", "y" * 1_000_000, attachment=["z" * 1_000_000])
        return ""

    plan = OnePlan(script)
    await plan.to_its_end()
    said = plan.messages[0]
    assert len(said["content"]) == OUTPUT_LIMIT_BYTES
    assert said["payload"]["cut"]["size_bytes"] == 1_000_000
    assert said["payload"]["cuts"]["attachment"]["size_bytes"] > 1_000_000
