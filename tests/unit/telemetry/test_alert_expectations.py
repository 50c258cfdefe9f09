"""What is expected of an execution, what is overdue about it, and what the log says of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from support.messages import message

from agentbus.contracts.alerts import LastMessage
from agentbus.contracts.message import Message
from agentbus.contracts.timestamps import format_timestamp
from agentbus.telemetry.alerts.causes import Clues, probable_cause
from agentbus.telemetry.alerts.executions import Execution, History
from agentbus.telemetry.alerts.expectations import Histories, Measure, expected, least_seconds
from agentbus.telemetry.alerts.plan_log import Glimpse, take

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BY = Measure(factor=2.0, least_samples=20, floor_seconds=10.0)
ACTION = Execution("w", "p", "a", None, "review", "analyst", "ruff", 1, NOW - timedelta(seconds=60), "0" * 32)
PLAN = replace(ACTION, action_id=None, agent="", tool=None)


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [
        ({("w", "tool", "ruff"): 1.0, ("w", "agent", "analyst"): 2.0, ("w", "tool", "*"): 3.0}, 1.0),
        ({("w", "agent", "analyst"): 2.0, ("w", "tool", "*"): 3.0}, 2.0),
        ({("w", "tool", "*"): 3.0}, 3.0),
        ({("other", "tool", "ruff"): 1.0}, 40.0),
        ({("w", "team", "review"): 1.0, ("w", "cost", "*"): 1.0}, 40.0),
    ],
)
def test_a_limit_comes_before_history_and_a_name_before_any(
    limits: dict[tuple[str, str, str], float], seconds: float
) -> None:
    found = expected(ACTION, limits, History(20, 20.0), BY)
    assert found is not None
    assert found.seconds == seconds


def test_a_plan_has_the_limit_of_its_team() -> None:
    found = expected(PLAN, {("w", "team", "review"): 7.0, ("w", "tool", "ruff"): 1.0}, None, BY)
    assert found is not None
    assert (found.seconds, found.set_for) == (7.0, "team review")


def test_without_limit_and_with_few_runs_nothing_is_expected() -> None:
    assert expected(ACTION, {}, None, BY) is None
    assert expected(ACTION, {}, History(19, 1.0), BY) is None


def test_quick_things_are_not_overdue_before_the_floor() -> None:
    found = expected(ACTION, {}, History(500, 0.01), BY)
    assert found is not None
    assert (found.seconds, found.basis, found.samples) == (10.0, "history", 500)


def test_the_youngest_that_can_be_overdue() -> None:
    assert least_seconds({}, BY) == 10.0
    assert least_seconds({("w", "tool", "x"): 0.5, ("w", "cost", "*"): 0.1}, BY) == 0.5


def test_histories_are_asked_for_again_after_a_while_and_forgotten_when_unused() -> None:
    histories = Histories(60.0)
    assert histories.missing([ACTION.thing, ACTION.thing, PLAN.thing], 0.0) == sorted(
        [ACTION.thing, PLAN.thing], key=str
    )
    histories.keep([ACTION.thing, PLAN.thing], {ACTION.thing: History(1, 1.0)}, 0.0)
    assert histories.of(ACTION.thing) == History(1, 1.0)
    assert histories.of(PLAN.thing) is None
    assert histories.missing([ACTION.thing], 59.0) == []
    assert histories.missing([ACTION.thing, PLAN.thing], 59.0) == [PLAN.thing]
    assert histories.missing([ACTION.thing], 61.0) == [ACTION.thing]


def seen(*messages: dict[str, Any], of: Execution = ACTION) -> Glimpse:
    glimpse = Glimpse()
    for each in messages:
        take(glimpse, Message.model_validate(each), len(orjson.dumps(each)), of)
    return glimpse


def told(seq: int, kind: str, action_id: str | None = "a", **fields: Any) -> dict[str, Any]:
    payload = {"tool": "ruff", "arguments": {"paths": ["secret-name.py"], "key": "hunter2"}}
    return message("p", seq, type=kind, action_id=action_id, payload=payload, **fields)


def test_the_log_tells_sizes_and_names_never_contents() -> None:
    glimpse = seen(told(1, "plan_created", None), told(2, "action_started"), told(3, "agent_message"))
    assert glimpse.argument_bytes == {"paths": 18, "key": 9}
    assert [(each.seq, each.type) for each in glimpse.last][-1] == (3, "agent_message")
    text = repr(glimpse)
    assert "hunter2" not in text
    assert "secret-name" not in text


@pytest.mark.parametrize(
    ("messages", "over"),
    [
        ([told(2, "action_started")], False),
        ([told(2, "action_started"), told(3, "action_completed", "b")], False),
        ([told(2, "action_started"), told(3, "action_completed")], True),
        ([told(2, "action_started"), told(3, "action_failed")], True),
        ([told(2, "action_started"), told(3, "plan_completed", None)], True),
        ([told(2, "action_started"), told(3, "plan_resumed", None, attempt=2)], True),
    ],
)
def test_the_log_tells_whether_it_is_over(messages: list[dict[str, Any]], over: bool) -> None:
    assert seen(*messages).over is over


def test_a_plan_that_was_taken_over_goes_on() -> None:
    resumed = told(3, "plan_resumed", None, attempt=2)
    assert not seen(resumed, of=replace(PLAN, attempt=2)).over
    assert not seen(resumed, of=PLAN).over
    assert seen(resumed, told(4, "plan_failed", None, attempt=2), of=PLAN).over


def last(kind: str, seconds: float, action_id: str | None = "a") -> LastMessage:
    at = format_timestamp(NOW - timedelta(seconds=seconds))
    return LastMessage(seq=2, type=kind, agent_name="x", action_id=action_id, at=at, size_bytes=1)


@pytest.mark.parametrize(
    ("clues", "words"),
    [
        (Clues(["bash (b)"], 9, [], ACTION, NOW), "waits for what runs inside it: bash (b)"),
        (Clues([], 3, [], ACTION, NOW), "3 executions of this kind hang at once"),
        (Clues([], 1, None, ACTION, NOW), "log could not be read"),
        (Clues([], 1, [], ACTION, NOW), "said nothing"),
        (Clues([], 1, [last("action_started", 60)], ACTION, NOW), "Nothing came since it started 60.0 s ago"),
        (Clues([], 1, [last("agent_message", 40)], ACTION, NOW), "silent since agent_message 40.0 s ago"),
        (Clues([], 1, [last("agent_message", 1)], ACTION, NOW), "It goes on"),
        (Clues([], 1, [last("agent_message", 1)], replace(ACTION, attempt=3), NOW), "taken over 2 times"),
    ],
)
def test_the_surest_cause_is_told(clues: Clues, words: str) -> None:
    assert words in probable_cause(clues)
