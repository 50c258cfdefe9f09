"""What a plan says of its task, at every point of its life."""

from typing import Any

import pytest
from support.messages import message

from agentbus.plan.folding import PlanFold
from agentbus.workspace.plan_progress import progress, task_in, told, trimmed

STEPS = [
    {"id": "s1", "description": "Read the tree", "agent": "reader", "status": "pending"},
    {"id": "s2", "description": "Write the report", "agent": "reporter", "status": "pending"},
]
CREATED = {"description": "review", "team": {"team_id": "t", "name": "T"}, "inputs": {"task_id": "t1"}}


def log(*types: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    created = message("p1", 1, type="plan_created", payload=CREATED)
    return [
        created,
        *(message("p1", seq, type=kind, payload=load) for seq, (kind, load) in enumerate(types, 2)),
    ]


STARTED = ("plan_started", {"steps": STEPS})
BEGINS = ("action_started", {"tool": "read", "arguments": {}, "step_id": "s1"})
ENDS = ("action_completed", {"tool": "read", "result": "", "duration_seconds": 1, "step_id": "s1"})


@pytest.mark.parametrize(
    ("types", "status", "words"),
    [
        ([], "IN_PROGRESS", "Queued"),
        ([STARTED], "IN_PROGRESS", "0 of 2 steps done"),
        ([STARTED, BEGINS], "IN_PROGRESS", "Step 1 of 2: Read the tree"),
        ([STARTED, BEGINS, ENDS], "IN_PROGRESS", "1 of 2 steps done"),
        ([("plan_approval_request", {"m_plan_id": "m", "steps": STEPS})], "PAUSED", "Waits for approval"),
        (
            [("user_clarification_request", {"request_id": "r", "question": "?"})],
            "PAUSED",
            "Waits for an answer",
        ),
        ([("final_result_message", {"summary": "2 faults"}), ("plan_completed", {})], "DONE", "2 faults"),
        ([("plan_completed", {})], "DONE", "Done"),
        ([("plan_failed", {"error": {"code": "x", "message": "no disk"}})], "PAUSED", "Failed: no disk"),
        ([("plan_canceled", {})], "CANCELLED", "Cancelled"),
        ([("plan_rejected", {})], "CANCELLED", "The steps were rejected"),
    ],
)
def test_what_the_task_is_told(types: list[tuple[str, dict[str, Any]]], status: str, words: str) -> None:
    whole, cut = PlanFold(), PlanFold()
    for each in log(*types):
        whole.take(each)
        cut.take(each)
        assert cut.plan is not None
        cut.plan = trimmed(cut.plan)  # as it is kept between batches
    for walk in (whole, cut):
        assert walk.plan is not None
        assert progress(walk.plan) == {"planId": "p1", "status": status, "statusMessage": words}


@pytest.mark.parametrize(
    ("payload", "task"),
    [
        (CREATED, "t1"),
        ({"inputs": {}}, None),
        ({"inputs": {"task_id": 5}}, None),
        ({"inputs": {"task_id": ""}}, None),
        ({"inputs": {"task_id": "x" * 129}}, None),
        ({"inputs": "t1"}, None),
        ({}, None),
    ],
)
def test_which_task_a_plan_names(payload: dict[str, Any], task: str | None) -> None:
    assert task_in(message("p1", 1, type="plan_created", payload=payload)) == task
    assert task_in(message("p1", 2, type="agent_message", payload=payload)) is None


def test_the_last_plan_that_began_has_the_task_and_a_merged_one_stays_merged() -> None:
    fields = {"planId": "p1", "status": "DONE", "statusMessage": "Done"}
    others = {"title": "t", "planId": "p2", "status": "IN_PROGRESS"}
    assert told(others, fields, begins=False) == others
    assert told(others, fields, begins=True) == {"title": "t", **fields}
    assert told({"title": "t"}, fields, begins=False) == {"title": "t", **fields}
    assert told({"planId": "p1", "status": "MERGED"}, fields, begins=False)["status"] == "MERGED"
