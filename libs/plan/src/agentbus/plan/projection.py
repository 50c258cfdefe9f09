"""The plan as its messages tell it: the document that REST serves and the database keeps (A3.1, A3.4).

A pure fold, so the persister, a waiting request and a test all come to the same plan. Folding a message
again changes nothing (`last_seq` says how far the fold is). Called by the persister and the plan service.
"""

from collections.abc import Mapping
from typing import Any, Final

PlanDocument = dict[str, Any]

TERMINAL_STATUSES: Final = frozenset({"completed", "failed", "canceled", "rejected"})

_STATUS_BY_TYPE: Final = {
    "plan_created": "created",
    "plan_started": "in_progress",
    "plan_approval_request": "pending_approval",
    "user_clarification_request": "pending_clarification",
    "user_clarification_response": "in_progress",
    "action_started": "in_progress",
    "plan_completed": "completed",
    "plan_failed": "failed",
    "plan_canceled": "canceled",
    "plan_rejected": "rejected",
}
_STEP_STATUS_BY_TYPE: Final = {
    "action_started": "in_progress",
    "action_completed": "completed",
    "action_failed": "failed",
}
_AGENT_STATUS_BY_TYPE: Final = {**_STEP_STATUS_BY_TYPE, "agent_message": "active"}


def apply(plan: PlanDocument | None, message: Mapping[str, Any]) -> PlanDocument:
    """Returns `plan` (None before its first message) with one accepted `message` folded in.

    The document that came in is not changed. A message at or below its `last_seq` gives it back as it is.
    """
    if plan is not None and message["seq"] <= plan["last_seq"]:
        return plan
    document = dict(plan) if plan is not None else _first(message)
    document["last_seq"], document["attempt"] = message["seq"], message["attempt"]
    document["updated_at"] = document["timestamp"] = message["timestamp"]
    document["status"] = document["overall_status"] = status_after(document["status"], message)
    _fold_steps(document, message)
    _fold_agents(document, message)
    _fold_result(document, message)
    return document


def _first(message: Mapping[str, Any]) -> PlanDocument:
    payload = message["payload"]
    description = payload.get("description", "")
    return {
        "_id": message["plan_id"],
        "id": message["plan_id"],
        "plan_id": message["plan_id"],
        "session_id": message["session_id"],
        "workspace_id": message["workspace_id"],
        "user_id": message["user_id"],
        "data_type": "plan",
        "description": description,
        "initial_goal": description,
        "status": "created",
        "overall_status": "created",
        "steps": [],
        "agent_progress": [],
        "summary": "",
        "result": None,
        "error": None,
        "team": payload.get("team"),
        "m_plan": None,
        "streaming_message": "",
        "request_hash": payload.get("request_hash", ""),
        "created_at": message["timestamp"],
        "updated_at": message["timestamp"],
        "timestamp": message["timestamp"],
        "last_seq": 0,
        "attempt": 0,
    }


def status_after(current: str, message: Mapping[str, Any]) -> str:
    """Returns the status of a plan that was `current`, after an accepted `message`; an end is final."""
    if current in TERMINAL_STATUSES:
        return current
    if message["type"] == "plan_approval_response":
        return "approved" if message["payload"].get("approved") else "rejected"
    return _STATUS_BY_TYPE.get(message["type"], current)


def _fold_steps(document: PlanDocument, message: Mapping[str, Any]) -> None:
    payload = message["payload"]
    if message["type"] in ("plan_started", "plan_approval_request") and payload.get("steps"):
        document["steps"] = [dict(step) for step in payload["steps"]]
    if message["type"] == "plan_approval_request":
        document["m_plan"] = _m_plan(document, payload)
    status = _STEP_STATUS_BY_TYPE.get(message["type"])
    if status is not None and payload.get("step_id") is not None:
        document["steps"] = [
            {**step, "status": _step_status(step["status"], status)}
            if step["id"] == payload["step_id"]
            else step
            for step in document["steps"]
        ]


def _step_status(current: str, status: str) -> str:
    """A step may have several actions: one that failed marks it, whatever the others come to."""
    return current if current == "failed" else status


def _fold_agents(document: PlanDocument, message: Mapping[str, Any]) -> None:
    status = _AGENT_STATUS_BY_TYPE.get(message["type"])
    if status is None:
        return
    name = message["agent_name"]
    others = [entry for entry in document["agent_progress"] if entry["agent_name"] != name]
    entry = {"agent_name": name, "status": status, "timestamp": message["timestamp"]}
    document["agent_progress"] = [*others, entry]


def _fold_result(document: PlanDocument, message: Mapping[str, Any]) -> None:
    payload = message["payload"]
    if message["type"] == "final_result_message":
        document["result"] = message["content"]
        document["summary"] = payload.get("summary", "")
    if message["type"] == "plan_failed":
        error = payload.get("error")
        document["error"] = {key: error.get(key, "") for key in ("code", "message")} if error else None


def _m_plan(document: PlanDocument, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": payload["m_plan_id"],
        "user_id": document["user_id"],
        "team_id": (document["team"] or {}).get("team_id", ""),
        "plan_id": document["plan_id"],
        "overall_status": document["status"],
        "user_request": document["description"],
        "team": sorted({step["agent"] for step in payload["steps"]}),
        "facts": payload.get("context", {}).get("facts", ""),
        "steps": [{"agent": step["agent"], "action": step["description"]} for step in payload["steps"]],
    }
