"""What a plan makes of the task that it works on. Pure. Called by `plan_tasks.py`.

The plan's state is folded by the rules that all consumers share (`agentbus.plan`), so the task tells the same
as the plan itself. Of the five statuses a plan sets four; MERGED is a person's word, and stays.
"""

from collections.abc import Mapping
from typing import Any, Final

from agentbus.plan.projection import PlanDocument
from agentbus.workspace.model import Json

_STATUS: Final = {
    "pending_approval": "PAUSED",
    "pending_clarification": "PAUSED",
    "failed": "PAUSED",
    "completed": "DONE",
    "canceled": "CANCELLED",
    "rejected": "CANCELLED",
}
_WORDS: Final = {
    "created": "Queued",
    "approved": "Approved",
    "pending_approval": "Waits for approval",
    "pending_clarification": "Waits for an answer",
    "completed": "Done",
    "canceled": "Cancelled",
    "rejected": "The steps were rejected",
    "failed": "Failed",
}
_MESSAGE_MAX_CHARACTERS: Final = 500
_ID_MAX_CHARACTERS: Final = 128


def task_in(message: Mapping[str, Any]) -> str | None:
    """Returns the task that a plan's first message names (`inputs.task_id`); None when it names none."""
    if message["type"] != "plan_created":
        return None
    inputs = message["payload"].get("inputs")
    task_id = inputs.get("task_id") if isinstance(inputs, dict) else None
    return task_id if isinstance(task_id, str) and 0 < len(task_id) <= _ID_MAX_CHARACTERS else None


def progress(plan: PlanDocument) -> Json:
    """Returns the fields that the plan sets in its task."""
    return {
        "planId": plan["plan_id"],
        "status": _STATUS.get(plan["status"], "IN_PROGRESS"),
        "statusMessage": _words(plan)[:_MESSAGE_MAX_CHARACTERS],
    }


def told(task: Json, fields: Json, *, begins: bool) -> Json:
    """Returns the task with what its plan says; as it is when by now another plan works on it.

    A plan that `begins` takes the task over.
    """
    if not begins and task.get("planId") not in (None, fields["planId"]):
        return task
    kept = {"status": "MERGED"} if task.get("status") == "MERGED" else {}
    return {**task, **fields, **kept}


def trimmed(plan: PlanDocument) -> PlanDocument:
    """Returns the plan without what its progress does not need: results are long."""
    return {**plan, "result": None, "m_plan": None, "agent_progress": [], "team": None}


def _words(plan: PlanDocument) -> str:
    status = plan["status"]
    if status == "completed" and plan["summary"]:
        return str(plan["summary"])
    if status == "failed" and plan["error"] and plan["error"]["message"]:
        return f"Failed: {plan['error']['message']}"
    return _WORDS.get(status) or _step(plan["steps"])


def _step(steps: list[Json]) -> str:
    """Says which step is worked on, else how many are done."""
    for number, step in enumerate(steps, start=1):
        if step["status"] == "in_progress":
            return f"Step {number} of {len(steps)}: {step['description']}"
    done = sum(step["status"] == "completed" for step in steps)
    return f"{done} of {len(steps)} steps done" if steps else "Running"
