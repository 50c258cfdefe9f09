"""The runner on real Kafka: plans run, survive their runner, and are on the log once, in order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.eventually import eventually
from support.made_topics import made_topics
from support.runner_world import RunnerWorld, check_order, types
from support.stack import Infra

from agentbus.contracts import topics
from agentbus.contracts.commands import (
    AddMessage,
    AnswerClarification,
    ApprovePlan,
    CancelPlan,
    StartPlan,
)
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.message import TERMINAL_TYPES
from agentbus.contracts.timestamps import format_timestamp

pytestmark = pytest.mark.integration


@pytest.fixture
async def world(stack: Infra, tmp_path: Path) -> AsyncIterator[RunnerWorld]:
    world = RunnerWorld(stack, tmp_path)
    async with made_topics(world.address), AsyncExitStack() as exit_stack:
        for part in (world.producer, world.reader):
            await part.start()
            exit_stack.push_async_callback(part.stop)
        yield world


async def test_a_plan_runs_to_its_end(world: RunnerWorld) -> None:
    async with world.runner():
        plan_id = await world.start(actions=2, messages=3, stream=True)
        messages = await world.until(plan_id, "plan_completed")
    check_order(messages)
    assert types(messages)[:2] == ["plan_created", "plan_started"]
    assert types(messages).count("action_completed") == 2
    assert messages[-2]["type"] == "final_result_message"
    assert messages[-2]["status"] == "completed"
    assert any(message["content"] == "one two three" for message in messages)


async def test_twenty_plans_at_once(world: RunnerWorld) -> None:
    async with world.runner():
        plan_ids = await asyncio.gather(*(world.start(actions=3, messages=20) for _ in range(20)))
        for plan_id in plan_ids:
            messages = await world.until(plan_id, "plan_completed")
            check_order(messages)
            assert types(messages).count("agent_message") == 20


async def test_a_team_that_raises_fails_its_plan_with_the_stack(world: RunnerWorld) -> None:
    async with world.runner():
        plan_id = await world.start(fail=True)
        messages = await world.until(plan_id, "plan_failed")
    error = messages[-1]["payload"]["error"]
    assert (error["type"], error["message"]) == ("ValueError", "told to fail")
    assert "scripted_team.py" in error["stack"]


async def test_approval_question_and_an_outside_message(world: RunnerWorld) -> None:
    async with world.runner():
        plan_id = await world.start(require_hitl=True, ask=True)
        request = (await world.until(plan_id, "plan_approval_request"))[-1]
        assert (request["status"], request["m_plan_id"]) == (
            "PENDING_APPROVAL",
            request["payload"]["m_plan_id"],
        )
        approval = ApprovePlan(
            **world.common(plan_id), m_plan_id=request["m_plan_id"], approved=True, feedback="go"
        )
        await world.send(approval)
        await world.send(approval)
        question = (await world.until(plan_id, "user_clarification_request"))[-1]
        await world.send(
            AnswerClarification(**world.common(plan_id), request_id=question["request_id"], answer="blue")
        )
        await world.until(plan_id, "plan_completed")
        outside = AddMessage(**world.common(plan_id), agent_name="ui", agent_type="human", content="thanks")
        await world.send(outside)
        await world.send(outside)

        async def thanked() -> list[dict[str, Any]]:
            messages = await world.log(plan_id)
            assert messages[-1]["content"] == "thanks"
            return messages

        messages = await eventually(thanked, within=20)
    check_order(messages)
    counted = Counter(types(messages))
    assert counted["plan_approval_response"] == 1
    assert [message["content"] for message in messages if message["agent_name"] == "ui"] == ["thanks"]
    assert next(m["content"] for m in messages if m["type"] == "final_result_message") == "done blue"


async def test_rejection_and_cancellation_end_a_plan(world: RunnerWorld) -> None:
    async with world.runner():
        rejected = await world.start(require_hitl=True)
        request = (await world.until(rejected, "plan_approval_request"))[-1]
        await world.send(
            ApprovePlan(
                **world.common(rejected), m_plan_id=request["m_plan_id"], approved=False, feedback="no"
            )
        )
        assert types(await world.until(rejected, "plan_rejected"))[-1] == "plan_rejected"
        canceled = await world.start(actions=1, pause_seconds=600)
        await world.until(canceled, "action_started")
        await world.send(CancelPlan(**world.common(canceled), reason="enough"))
        messages = await world.until(canceled, "plan_canceled")
    check_order(messages)
    assert messages[-1]["payload"]["reason"] == "enough"


async def test_another_runner_goes_on_and_repeats_no_finished_action(world: RunnerWorld) -> None:
    done_log = world.folder / "done"
    async with world.runner("one"):
        plan_id = await world.start(actions=6, pause_seconds=0.2, done_log=str(done_log))
        await world.until(plan_id, "action_completed")
    async with world.runner("two"):
        messages = await world.until(plan_id, "plan_completed")
    check_order(messages)
    assert messages[-1]["attempt"] == 2
    assert len({message["trace_id"] for message in messages}) == 1
    finished_by_one = sum(m["type"] == "action_completed" and m["attempt"] == 1 for m in messages)
    lines = Counter(done_log.read_text().splitlines())
    assert len(lines) == 6
    assert sum(lines.values()) - 6 <= 1, "only the action that was cut off may be done again"
    assert finished_by_one >= 1


async def test_a_plan_that_waits_for_a_person_survives_restarts(world: RunnerWorld) -> None:
    async with world.runner("one"):
        plan_id = await world.start(require_hitl=True)
        request = (await world.until(plan_id, "plan_approval_request"))[-1]
    await world.send(ApprovePlan(**world.common(plan_id), m_plan_id=request["m_plan_id"], approved=True))
    async with world.runner("two"):
        messages = await world.until(plan_id, "plan_completed")
    check_order(messages)
    assert types(messages).count("plan_approval_request") == 1


async def test_a_late_start_is_void_and_a_second_one_changes_nothing(world: RunnerWorld) -> None:
    async with world.runner():
        late = await world.start(late=True)
        plan_id = await world.start(messages=1)
        messages = await world.until(plan_id, "plan_completed")
        start = StartPlan(
            **world.common(plan_id),
            session_id="s",
            description="again",
            team_id="scripted",
            request_hash="h",
            expires_at=format_timestamp(datetime.now(UTC) + timedelta(seconds=30)),
        )
        await world.send(start)
        marker = await world.start()
        await world.until(marker, "plan_completed")
        assert len(await world.log(plan_id)) == len(messages)
        assert await world.log(late) == []


async def test_poison_goes_to_the_dead_letter_and_the_next_command_is_handled(world: RunnerWorld) -> None:
    async with world.runner():
        await world.producer.send(topics.COMMANDS, "p", b"\xff not json", schema="command.v1")
        plan_id = await world.start()
        await world.until(plan_id, "plan_completed")

        async def dead() -> None:
            name = topics.dead_letter_topic(topics.COMMANDS, "runner")
            found = [
                record
                for partition in await world.reader.partitions(name)
                async for record in world.reader.read(name, partition, 0)
            ]
            assert [record.value for record in found] == [b"\xff not json"]
            headers: Mapping[str, bytes] = dict(found[0].headers)
            assert b"invalid_command" in headers.values()

        await eventually(dead, within=20)


async def test_an_unknown_team_fails_the_plan_and_says_which_are_known(world: RunnerWorld) -> None:
    async with world.runner():
        plan_id = new_id()
        await world.send(
            StartPlan(
                **world.common(plan_id),
                session_id="s",
                description="goal",
                team_id="nobody",
                request_hash="h",
                expires_at=format_timestamp(datetime.now(UTC) + timedelta(seconds=30)),
            )
        )
        messages = await world.until(plan_id, "plan_failed")
    assert messages[-1]["payload"]["error"]["code"] == "unknown_team"
    assert "scripted" in messages[-1]["payload"]["error"]["message"]
    assert messages[-1]["type"] in TERMINAL_TYPES
