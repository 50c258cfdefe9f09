"""Killed after any message, a plan goes on elsewhere and repeats nothing (design.md section 5)."""

import asyncio
from collections import Counter
from functools import partial
from typing import Any

import pytest
from support.memory_log import MemoryLog, NoLiveText

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.message import Message
from agentbus.contracts.payloads import Step
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.kernel.clock import SystemClock
from agentbus.runner.drafts import Draft
from agentbus.runner.errors import ActionFailed
from agentbus.runner.execution import Execution
from agentbus.runner.journal import Journal
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.plan_run import PlanRun
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import PlanContext, Report, Team

START = StartPlan(
    command_id="c",
    plan_id="p",
    workspace_id="w",
    user_id="u",
    session_id="s",
    description="goal",
    team_id="scripted",
    request_hash="h",
    require_hitl=True,
    issued_at="2026-01-01T00:00:00.000000Z",
    expires_at="2026-01-01T00:00:10.000000Z",
)


class ScriptedTeam:
    """Two agents at once, nested actions, a failing one, a stream, an approval and a question."""

    card = TeamCard(team_id="scripted", name="Scripted")

    def __init__(self, done: Counter[str]) -> None:
        self._done = done

    async def run(self, plan: PlanContext) -> Report:
        feedback = await plan.propose([Step(id="1", description="work", agent="a")])
        async with asyncio.TaskGroup() as group:
            first = group.create_task(self._agent(plan, "a"))
            second = group.create_task(self._agent(plan, "b"))
        answer = await plan.ask("a", "go on?")
        async with plan.stream("a") as stream:
            await stream.write("all ")
            await stream.write("done")
        return Report(f"{feedback} {first.result()} {second.result()} {answer}", "ended")

    async def _agent(self, plan: PlanContext, name: str) -> int:
        total = 0
        for number in range(3):
            total += await plan.act(name, "add", {"number": number}, partial(self._add, plan, name, number))
            await plan.say(name, f"{name} {number}")
        try:
            await plan.act(name, "fail", {}, lambda: self._fail(name))
        except ActionFailed:
            await plan.say(name, "failed")
        return total

    async def _add(self, plan: PlanContext, name: str, number: int) -> int:
        inner: int = await plan.act(name, "inner", {"number": number}, lambda: self._inner(name, number))
        self._done[f"{name} add {number}"] += 1
        return inner + 1

    async def _inner(self, name: str, number: int) -> int:
        await asyncio.sleep(0)
        self._done[f"{name} inner {number}"] += 1
        return number

    async def _fail(self, name: str) -> None:
        self._done[f"{name} fail"] += 1
        raise ValueError("no")


async def run_until(messages: list[dict[str, Any]], limit: int | None, done: Counter[str]) -> PlanRun:
    """Runs the plan on from what `messages` says, until the end or until `limit` messages are on the log."""
    journal = Journal()
    for message in messages:
        journal.take(message)
    outbox = MemoryLog(messages, limit)
    log = PlanLog(START, journal, journal.sequence.attempt + 1, outbox, SystemClock())
    await_first = Draft(
        "plan_resumed" if messages else "plan_created", payload=_first_payload(bool(messages))
    )
    time = RunningTime(asyncio.Semaphore(1), limit_seconds=60)
    execution = Execution(log, NoLiveText(), time, SystemClock(), action_limit_seconds=10)
    ended = asyncio.Event()

    async def on_end(_: PlanRun) -> None:
        ended.set()

    def team() -> Team:
        return ScriptedTeam(done)

    run = PlanRun(execution, time, team, on_end)
    person = asyncio.create_task(_person(run))
    if not journal.ended:
        claim = asyncio.create_task(log.publish(await_first))
        await asyncio.wait(
            [claim, asyncio.create_task(outbox.full.wait())], return_when=asyncio.FIRST_COMPLETED
        )
    run.begin()
    await asyncio.wait(
        [asyncio.create_task(outbox.full.wait()), asyncio.create_task(ended.wait())],
        return_when=asyncio.FIRST_COMPLETED,
        timeout=20,
    )
    assert outbox.full.is_set() or ended.is_set()
    person.cancel()
    for task in log._writing:
        task.cancel()
    await run.stop()
    return run


def _first_payload(resumed: bool) -> dict[str, Any]:
    if resumed:
        return {"reason": "killed"}
    return {
        "description": "goal",
        "team": {"team_id": "scripted", "name": "Scripted"},
        "require_hitl": True,
        "inputs": {},
        "request_hash": "h",
    }


async def _person(run: PlanRun) -> None:
    """Approves and answers as soon as the plan asks, once each."""
    while True:
        await asyncio.sleep(0)
        journal = run.log.journal
        for m_plan_id in list(journal.open_approvals):
            payload = {"m_plan_id": m_plan_id, "approved": True, "feedback": "fine", "command_id": "1"}
            await run.log.publish(Draft("plan_approval_response", "u", "human", payload=payload))
            await run.execution.decided()
        for request_id in list(journal.open_questions):
            payload = {"request_id": request_id, "answer": "yes", "command_id": "2"}
            await run.log.publish(Draft("user_clarification_response", "u", "human", payload=payload))
            await run.execution.decided()


def story(messages: list[dict[str, Any]]) -> Counter[tuple[str, str, str]]:
    """What the log tells, apart from take-overs: it must be the same however often the runner died."""
    return Counter(
        (item["type"], item["agent_name"], item["content"].split(" in ")[0])
        for item in messages
        if item["type"] != "plan_resumed"
    )


async def whole_plan() -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    await run_until(messages, None, Counter())
    return messages


async def test_a_plan_that_nobody_kills() -> None:
    messages = await whole_plan()
    assert [item["seq"] for item in messages] == list(range(1, len(messages) + 1))
    assert len({item["message_id"] for item in messages}) == len(messages)
    assert [item["type"] for item in messages[-2:]] == ["final_result_message", "plan_completed"]
    assert messages[-2]["content"] == "fine 6 6 yes"
    assert any(item["content"] == "all done" for item in messages)
    for item in messages:
        Message.model_validate(item)


LENGTH = 45


async def test_the_length_of_the_plan_is_what_the_kills_cover() -> None:
    assert len(await whole_plan()) == LENGTH


@pytest.mark.parametrize("killed_at", range(1, LENGTH))
async def test_killed_after_any_message_it_repeats_nothing(killed_at: int) -> None:
    expected = story(await whole_plan())
    done: Counter[str] = Counter()
    messages: list[dict[str, Any]] = []
    await run_until(messages, killed_at, done)
    finished = {
        item["action_id"] for item in messages if item["type"] in ("action_completed", "action_failed")
    }
    before = done.copy()
    await run_until(messages, None, done)
    assert story(messages) == expected
    assert [item["seq"] for item in messages] == list(range(1, len(messages) + 1))
    starts = Counter(item["action_id"] for item in messages if item["type"] == "action_started")
    assert set(starts.values()) == {1}
    again = sum(count - before[name] for name, count in done.items() if before[name])
    unfinished = len(starts) - len(finished)
    assert again <= unfinished


async def test_killed_again_and_again_it_still_ends() -> None:
    messages: list[dict[str, Any]] = []
    done: Counter[str] = Counter()
    for limit in range(2, 120, 2):
        run = await run_until(messages, limit, done)
        if run.log.journal.ended:
            break
    assert story(messages) == story(await whole_plan())
    assert [item["attempt"] for item in messages] == sorted(item["attempt"] for item in messages)
