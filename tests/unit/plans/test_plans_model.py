from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import message

from agentbus.chassis.auth import Principal, Role
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.http.plans import Plan, PlanWithMessages, ProcessRequest
from agentbus.contracts.teams import TEAMS
from agentbus.kernel.errors import Fatal
from agentbus.mongo.plans import PlanCursor
from agentbus.plan.projection import apply
from agentbus.plans.errors import BadCursor, KeyReused
from agentbus.plans.model import check_repeats, created_by, outcome_status, start_command, unstored
from agentbus.plans.teams import known_teams
from agentbus.plans.views import cursor_after, listed_view, parse_cursor, whole_view

ANN = Principal("ann", "default", Role.EDITOR)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def start(key: str | None = None, who: Principal = ANN, now: datetime = NOW, **fields: Any) -> StartPlan:
    request = ProcessRequest.model_validate({"description": "Do it", **fields})
    return start_command(
        request, who, key=key, team_ids=frozenset(TEAMS), now=now, valid_for=timedelta(seconds=4)
    )


def test_a_key_makes_the_same_plan() -> None:
    later = start("k", now=NOW + timedelta(days=1))
    assert later.model_dump(exclude={"issued_at", "expires_at"}) == start("k").model_dump(
        exclude={"issued_at", "expires_at"}
    )
    assert start("k").plan_id != start("k2").plan_id
    assert start("k").plan_id != start("k", Principal("bob", "default", Role.EDITOR)).plan_id
    assert start("k").plan_id != start("k", Principal("ann", "other", Role.EDITOR)).plan_id
    assert start().plan_id != start().plan_id


def test_it_is_void_after_its_time() -> None:
    assert (start().issued_at, start().expires_at) == (
        "2026-01-01T00:00:00.000000Z",
        "2026-01-01T00:00:04.000000Z",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "Do that"},
        {"session_id": "s"},
        {"team_id": "model"},
        {"require_hitl": True},
        {"inputs": {"dir": "/a"}},
    ],
)
def test_another_request_under_the_same_key(fields: dict[str, Any]) -> None:
    check_repeats(start("k"), created_by(start("k", team_id="review", require_hitl=False, inputs={})))
    with pytest.raises(KeyReused):
        check_repeats(start("k", **fields), created_by(start("k")))


def test_the_order_of_inputs_does_not_make_another_request() -> None:
    one, other = {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}
    assert start(inputs=one).request_hash == start(inputs=other).request_hash


def test_a_plan_that_is_not_stored_looks_like_one_that_is() -> None:
    command = start()
    payload = {
        "description": "Do it",
        "team": TEAMS["review"].model_dump(),
        "request_hash": command.request_hash,
    }
    first = message(command.plan_id, 1, type="plan_created", payload=payload)
    assert created_by(command).keys() == apply(None, first).keys() == unstored(first).keys()
    assert unstored(first)["last_seq"] == 0
    PlanWithMessages.model_validate(whole_view(created_by(command), [], "message"))
    Plan.model_validate(listed_view(created_by(command)))


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("created", "in_progress"),
        ("approved", "in_progress"),
        ("pending_approval", "pending_approval"),
        ("completed", "completed"),
        ("rejected", "rejected"),
    ],
)
def test_what_a_request_that_waited_is_told(status: str, told: str) -> None:
    assert outcome_status({"status": status}) == told


@given(st.text(), st.text(min_size=1))
def test_a_cursor_names_its_place(created_at: str, plan_id: str) -> None:
    assert parse_cursor(cursor_after({"created_at": created_at, "plan_id": plan_id})) == PlanCursor(
        created_at, plan_id
    )


@given(st.text())
def test_any_other_text_is_no_cursor(text: str) -> None:
    try:
        assert parse_cursor(text)
    except BadCursor:
        return


def test_teams_by_id_and_by_code() -> None:
    teams = known_teams(["mine", "support.scripted_team:ScriptedTeam"])
    assert set(teams) == {*TEAMS, "mine", "scripted"}
    assert [agent.name for agent in teams["scripted"].agents] == ["worker"]
    with pytest.raises(Fatal, match="gives no team"):
        known_teams(["no.such:Team"])
