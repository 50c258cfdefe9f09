"""The plan document is what the accepted messages tell, however often they are folded (A3.4)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbus.plan.projection import PlanDocument, apply

STEPS = [
    {"id": "s1", "description": "look", "agent": "surveyor", "status": "pending", "result": None},
    {"id": "s2", "description": "tell", "agent": "reporter", "status": "pending", "result": None},
]


def message(seq: int, kind: str, payload: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "message_id": f"m{seq}",
        "plan_id": "p",
        "seq": seq,
        "type": kind,
        "agent_name": "surveyor",
        "content": "",
        "timestamp": f"2026-01-01T00:00:{seq:02d}.000000Z",
        "payload": payload or {},
        "session_id": "s",
        "workspace_id": "w",
        "user_id": "u",
        "attempt": 1,
        **fields,
    }


def fold(*messages: dict[str, Any]) -> PlanDocument:
    plan: PlanDocument | None = None
    for item in messages:
        plan = apply(plan, item)
    assert plan is not None
    return plan


LIFE = [
    message(1, "plan_created", {"description": "goal", "team": {"team_id": "review"}, "request_hash": "h"}),
    message(2, "plan_approval_request", {"m_plan_id": "mp", "steps": STEPS}),
    message(3, "plan_approval_response", {"approved": True, "m_plan_id": "mp"}),
    message(4, "plan_started", {"steps": STEPS}),
    message(5, "action_started", {"step_id": "s1", "tool": "t"}),
    message(6, "action_completed", {"step_id": "s1", "tool": "t"}),
    message(7, "action_started", {"step_id": "s2", "tool": "t"}),
    message(8, "action_failed", {"step_id": "s2", "tool": "t"}),
    message(9, "final_result_message", {"summary": "short"}, content="# Report"),
    message(10, "plan_completed", {"status": "completed"}),
]


def test_a_whole_life() -> None:
    plan = fold(*LIFE)
    assert plan["status"] == plan["overall_status"] == "completed"
    assert [step["status"] for step in plan["steps"]] == ["completed", "failed"]
    assert (plan["result"], plan["summary"]) == ("# Report", "short")
    assert plan["m_plan"]["team"] == ["reporter", "surveyor"]
    assert plan["description"] == plan["initial_goal"] == "goal"
    assert plan["last_seq"] == 10
    assert plan["created_at"] < plan["updated_at"]


@pytest.mark.parametrize(
    ("seen", "status"),
    [(1, "created"), (2, "pending_approval"), (3, "approved"), (4, "in_progress"), (10, "completed")],
)
def test_status_follows_the_messages(seen: int, status: str) -> None:
    assert fold(*LIFE[:seen])["status"] == status


@given(st.lists(st.integers(0, len(LIFE)), max_size=6))
def test_folding_again_from_anywhere_changes_nothing(restarts: list[int]) -> None:
    plan: PlanDocument | None = None
    for start in [*restarts, 0]:
        for item in LIFE[: start or len(LIFE)]:
            plan = apply(plan, item)
    assert plan == fold(*LIFE)


def test_a_rejection_ends_the_plan() -> None:
    rejected = message(3, "plan_approval_response", {"approved": False, "m_plan_id": "mp"})
    assert fold(*LIFE[:2], rejected)["status"] == "rejected"


def test_what_comes_after_the_end_does_not_reopen_the_plan() -> None:
    plan = fold(*LIFE, message(11, "agent_message", agent_name="client"))
    assert (plan["status"], plan["last_seq"]) == ("completed", 11)


def test_the_document_that_came_in_is_not_changed() -> None:
    before = fold(*LIFE[:4])
    steps = [dict(step) for step in before["steps"]]
    apply(before, LIFE[4])
    assert before["steps"] == steps
    assert before["last_seq"] == 4
