"""Whatever its team does and whenever it is canceled, a plan ends once, on the log (A5.1, C2)."""

import asyncio
from importlib.metadata import version
from typing import Any, NoReturn

import pytest
from support.plan_in_memory import START, PlanInMemory

from agentbus.contracts.payloads import Step
from agentbus.runner.team import PlanContext, Report

DONE = Report("content", "summary")


async def done(_: PlanContext) -> Report:
    return DONE


async def test_a_team_that_returns_no_report_fails_its_plan() -> None:
    async def nothing(_: PlanContext) -> Any:
        return None

    messages = await PlanInMemory(nothing).to_its_end()
    assert [message["type"] for message in messages] == ["final_result_message", "plan_failed"]
    assert "Report" in messages[-1]["payload"]["error"]["message"]


async def test_a_team_cancelled_from_within_fails_its_plan() -> None:
    async def cancelled(_: PlanContext) -> Report:
        raise asyncio.CancelledError("some library's own")

    messages = await PlanInMemory(cancelled).to_its_end()
    assert messages[-1]["type"] == "plan_failed"


async def test_a_team_that_leaves_the_program_fails_its_plan_only() -> None:
    async def leave(_: PlanContext) -> NoReturn:
        raise SystemExit(3)

    messages = await PlanInMemory(leave).to_its_end()
    assert messages[-1]["type"] == "plan_failed"
    assert "SystemExit" in messages[-1]["payload"]["error"]["stack"]


async def test_an_error_tells_which_version_of_the_runner_it_is_from() -> None:
    async def fail(_: PlanContext) -> NoReturn:
        raise ValueError("no such branch")

    messages = await PlanInMemory(fail).to_its_end()
    versions = {message["type"]: message["metadata"].get("version") for message in messages}
    assert versions == {"final_result_message": None, "plan_failed": version("agentbus-runner")}


async def test_a_summary_of_any_size_ends_the_plan() -> None:
    async def long_winded(_: PlanContext) -> Report:
        return Report("content", "x" * 3_000_000)

    messages = await PlanInMemory(long_winded).to_its_end()
    assert messages[-1]["type"] == "plan_completed"
    assert len(messages[-2]["payload"]["summary"]) == 256 * 1024
    assert messages[-2]["payload"]["cuts"]["summary"]["size_bytes"] == 3_000_000


@pytest.mark.parametrize("after", range(4))
async def test_canceled_while_it_ends(after: int) -> None:
    """At whichever of the last messages the cancellation comes, there is one end."""
    plan = PlanInMemory(done)
    append, messages = plan.outbox.append, plan.messages

    async def slow(*args: Any, **kwargs: Any) -> None:
        for _ in range(after):
            await asyncio.sleep(0)
        await append(*args, **kwargs)
        for _ in range(after):
            await asyncio.sleep(0)

    plan.outbox.append = slow  # type: ignore[method-assign]
    plan.run.begin()
    for _ in range(after * 2):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await plan.run.cancel("enough")
        await plan.closed.wait()
    assert [message["type"] for message in messages] in (
        ["final_result_message", "plan_completed"],
        ["final_result_message", "plan_canceled"],
    )


async def test_canceled_before_it_has_a_place() -> None:
    plan = PlanInMemory(done, places=asyncio.Semaphore(0))
    plan.run.begin()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await plan.run.cancel("enough")
        await plan.closed.wait()
    assert plan.types() == ["final_result_message", "plan_canceled"]


@pytest.mark.parametrize("where", ["propose", "ask", "act", "stream"])
async def test_canceled_at_each_moment(where: str) -> None:
    async def work(plan: PlanContext) -> Report:
        if where == "propose":
            await plan.propose([Step(id="1", description="d", agent="a")])
        elif where == "ask":
            await plan.ask("a", "why?")
        elif where == "act":
            await plan.act("a", "tool", {}, asyncio.Event().wait)
        else:
            async with plan.stream("a") as stream:
                await stream.write("half")
                await plan.say("a", "streaming")
                await asyncio.Event().wait()
        return DONE

    first = {
        "propose": "plan_approval_request",
        "ask": "user_clarification_request",
        "act": "action_started",
        "stream": "agent_message",
    }
    plan = PlanInMemory(work, start=START.model_copy(update={"require_hitl": True}))
    plan.run.begin()
    await plan.until(first[where])
    async with asyncio.timeout(5):
        await plan.run.cancel("enough")
        await plan.closed.wait()
    assert plan.types() == [first[where], "final_result_message", "plan_canceled"]


async def test_a_team_that_goes_on_after_its_cancellation_says_nothing_more() -> None:
    async def stubborn(plan: PlanContext) -> Report:
        await plan.say("a", "begin")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await plan.say("a", "I do not stop")
        return DONE

    plan = PlanInMemory(stubborn)
    plan.run.begin()
    await plan.until("agent_message")
    async with asyncio.timeout(5):
        await plan.run.cancel("enough")
        await plan.closed.wait()
    assert plan.types() == ["agent_message", "final_result_message", "plan_canceled"]


@pytest.mark.parametrize("how", ["cancel", "stop", "time"])
async def test_a_team_that_never_stops_holds_up_nothing(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentbus.runner.plan_run._PATIENCE_SECONDS", 0.02)
    let_go = asyncio.Event()

    async def deaf(plan: PlanContext) -> Report:
        await plan.say("a", "begin")
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return DONE

    plan = PlanInMemory(deaf, limit_seconds=0.1 if how == "time" else 60)
    plan.run.begin()
    await plan.until("agent_message")
    async with asyncio.timeout(5):
        if how == "stop":
            await plan.run.stop()
        else:
            if how == "cancel":
                await plan.run.cancel("enough")
            await plan.closed.wait()
    let_go.set()
    ends = {"cancel": ["plan_canceled"], "time": ["plan_failed"], "stop": []}
    assert [kind for kind in plan.types() if kind.startswith("plan_")] == ends[how]


async def test_the_time_limit_tells_where_the_team_stood() -> None:
    async def standing_here(_: PlanContext) -> Report:
        await asyncio.Event().wait()
        return DONE

    messages = await PlanInMemory(standing_here, limit_seconds=0.05).to_its_end()
    error = messages[-1]["payload"]["error"]
    assert error["code"] == "plan_timeout"
    assert "standing_here" in error["stack"]
