"""However a log is cut into batches, however often records come, and whenever what is in memory is lost: the
tables come to what one plain walk over the log comes to."""

import copy
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.messages import message
from support.profiles import Known, known_figures
from support.varied_plans import interleaved, some_plans

from agentbus.contracts.message import Message
from agentbus.contracts.prices import prices
from agentbus.telemetry.aggregation.cells import Cell, Subject
from agentbus.telemetry.aggregation.fold import Fold
from agentbus.telemetry.aggregation.rows import Action, Plan

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Tables:
    """What batches leave behind when their transactions are committed."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.actions: dict[tuple[str, str], Action] = {}
        self.minutes: dict[Subject, Cell] = {}
        self.errors: set[tuple[str, int, str]] = set()

    def write(self, fold: Fold) -> None:
        self.plans |= copy.deepcopy(fold.plans)
        self.actions |= copy.deepcopy(fold.actions)
        for subject, cell in fold.minutes.items():
            self.minutes.setdefault(subject, Cell()).add(cell)
        self.errors |= {(each.plan_id, each.seq, each.fingerprint) for each in fold.occurrences}

    def read(self) -> dict[str, Plan]:
        known = copy.deepcopy(self.plans)
        for plan in known.values():
            plan.running = {
                action_id: copy.deepcopy(action)
                for (plan_id, action_id), action in self.actions.items()
                if plan_id == plan.plan_id and action.status == "running"
            }
        return known


def walk(tables: Tables, known: dict[str, Plan], log: list[dict[str, Any]], *, commit: bool = True) -> None:
    fold = Fold(known, 0, prices())
    for each in log:
        fold.take(Message.model_validate(each), NOW)
    if commit:
        tables.write(fold)


def batches(log: list[Any], chosen: random.Random) -> list[list[Any]]:
    cuts = sorted(chosen.sample(range(len(log) + 1), min(len(log), 6)))
    return [log[start:end] for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True)]


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_batches_redelivery_and_lost_memory_change_nothing(seed: int) -> None:
    chosen = random.Random(seed)
    plans = some_plans("w", 4, seed=seed)
    log = interleaved(plans, seed=seed)
    plain = Tables()
    walk(plain, {}, log)

    tables = Tables()
    known: dict[str, Plan] = {}
    for batch in batches(log, chosen):
        if chosen.random() < 0.4:
            # Killed before the commit: what it knew is gone, the same records come again.
            walk(tables, known, batch, commit=False)
            known = tables.read()
        again = batch[: chosen.randrange(len(batch) + 1)]
        walk(tables, known, batch + again)
    assert (tables.plans, tables.actions) == (plain.plans, plain.actions)
    assert (tables.minutes, tables.errors) == (plain.minutes, plain.errors)


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_the_figures_are_those_of_the_profiles(seed: int) -> None:
    plans = some_plans("w", 3, seed=seed)
    tables = Tables()
    walk(tables, {}, interleaved(plans, seed=seed))
    found = {
        (at, workspace_id, team_id, agent, tool, model): Known(
            cell.executions,
            cell.failures,
            cell.microseconds // 1000,
            cell.queue_us // 1000,
            (cell.input_tokens, cell.output_tokens),
            cell.cost_usd,
        )
        for (at, workspace_id, team_id, agent, _, tool, model), cell in tables.minutes.items()
    }
    known = known_figures(plans)
    for figures in known.values():
        figures.durations.clear()
    assert found == known


def test_a_take_over_and_an_end_stop_what_ran() -> None:
    def begun(seq: int, action: str, attempt: int = 1) -> dict[str, Any]:
        return message("p", seq, type="action_started", action_id=action, attempt=attempt)

    tables = Tables()
    known: dict[str, Plan] = {}
    resumed = {"type": "plan_resumed", "attempt": 2, "timestamp": "2026-01-01T00:01:00.000000Z"}
    walk(tables, known, [message("p", 1, type="plan_created"), begun(2, "a"), message("p", 3, **resumed)])
    assert tables.actions["p", "a"].status == "stopped"
    walk(tables, known, [begun(4, "a", 2), begun(5, "b", 2)])
    # Nobody worked on the plan for a minute: the action after that had waited so long, the next one had not.
    assert [tables.actions["p", each].queue_seconds for each in "ab"] == [60.0, 0.0]
    walk(tables, known, [message("p", 6, type="plan_canceled", attempt=2)])
    assert {each.status for each in tables.actions.values()} == {"stopped"}
    assert tables.plans["p"].ended_at is not None


def test_waiting_for_people_is_no_queue_time() -> None:
    tables = Tables()
    log = [
        message("p", 1, type="plan_created"),
        message("p", 2, type="plan_approval_request"),
        message("p", 3, type="plan_resumed", attempt=2, timestamp="2026-01-05T00:00:00.000000Z"),
        message("p", 4, type="action_started", action_id="a", attempt=2),
    ]
    walk(tables, {}, log)
    assert tables.actions["p", "a"].queue_seconds == 0.0


def test_a_plan_that_fails_with_its_actions_error_tells_of_one_error() -> None:
    error = {"code": "tool_error", "message": "no", "type": "ValueError", "stack": ""}
    failed = {"type": "action_failed", "action_id": "a", "payload": {"tool": "t", "error": error}}
    tables = Tables()
    log = [message("p", 1, **failed), message("p", 2, type="plan_failed", payload={"error": error})]
    walk(tables, {}, log)
    assert len(tables.errors) == 1
    other = error | {"type": "Timeout"}
    walk(
        tables, {}, [message("q", 1, **failed), message("q", 2, type="plan_failed", payload={"error": other})]
    )
    assert len(tables.errors) == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("tool", "arguments", "duration_seconds", "usage", "error", "team", "queue_seconds")
told = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, json_values))
KINDS: tuple[str, ...] = (
    "plan_created",
    "plan_started",
    "plan_resumed",
    "action_started",
    "action_completed",
)
KINDS += ("action_failed", "plan_failed", "plan_approval_response", "agent_message")


@given(st.lists(st.tuples(st.sampled_from(KINDS), told, st.sampled_from([None, "", "a", "b"])), max_size=12))
def test_whatever_agents_say_is_counted(log: list[tuple[str, dict[str, Any], str | None]]) -> None:
    tables = Tables()
    said = [
        message(
            "p", seq, type=kind, payload=payload, action_id=action, timestamp="2026-99-01T00:00:00.000000Z"
        )
        for seq, (kind, payload, action) in enumerate(log, start=1)
    ]
    walk(tables, {}, said)
    assert [plan.messages for plan in tables.plans.values()] == ([len(log)] if log else [])
    assert all(plan.last_at == NOW for plan in tables.plans.values())


@pytest.mark.parametrize("text", ["\x00", "a" * 500, "ä\x00" * 90])
def test_what_the_database_cannot_hold_is_made_so(text: str) -> None:
    tables = Tables()
    said = message("p", 1, type="action_started", action_id=text, agent_name=text, payload={"tool": text})
    walk(tables, {}, [said])
    (action,) = tables.actions.values()
    for value in (action.action_id, action.agent, action.tool):
        assert len(value) <= 128
        assert "\x00" not in value
