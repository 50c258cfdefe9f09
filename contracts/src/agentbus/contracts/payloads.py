"""What `payload` holds, per message type. The runner validates before it publishes; readers tolerate more."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """The base of all payloads; unknown fields are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Step(Payload):
    """A step of a plan as people see it."""

    id: str
    description: str
    agent: str
    status: Literal["pending", "in_progress", "completed", "failed", "skipped"] = "pending"
    result: str | None = None


class Agent(Payload):
    """A member of a team."""

    name: str
    type: str = "agent"
    description: str = ""


class Team(Payload):
    """A team of agents as clients see it (compatibility.md section 1)."""

    team_id: str
    name: str
    status: str = "active"
    description: str = ""
    agents: list[Agent] = Field(default_factory=list)
    starting_tasks: list[dict[str, Any]] = Field(default_factory=list)


class Failure(Payload):
    """Why something failed, with what is needed to debug it (C2)."""

    code: str
    message: str
    type: str = ""
    stack: str = ""


class Cut(Payload):
    """A result too large for the log: what was kept is a prefix, and this says of what."""

    size_bytes: int
    sha256: str


class PlanCreated(Payload):
    """The runner has taken the plan on."""

    description: str
    team: Team
    require_hitl: bool
    inputs: dict[str, Any]
    request_hash: str


class PlanStarted(Payload):
    """The team begins."""

    steps: list[Step] = Field(default_factory=list)


class PlanResumed(Payload):
    """Another runner, or the same one after a restart, goes on with the plan (`attempt` has grown)."""

    reason: str


class ActionStarted(Payload):
    """An agent begins an action; `action_id` names it."""

    tool: str
    arguments: dict[str, Any]
    step_id: str | None = None


class ActionCompleted(Payload):
    """An action ended well. It is never executed again."""

    tool: str
    result: Any
    duration_seconds: float
    step_id: str | None = None
    cut: Cut | None = None
    usage: dict[str, Any] | None = None


class ActionFailed(Payload):
    """An action ended badly."""

    tool: str
    error: Failure
    duration_seconds: float
    step_id: str | None = None


class ApprovalRequest(Payload):
    """The plan waits, for days if need be, until a person approves its steps."""

    m_plan_id: str
    steps: list[Step]
    status: Literal["PENDING_APPROVAL"] = "PENDING_APPROVAL"
    context: dict[str, Any] = Field(default_factory=dict)


class ApprovalResponse(Payload):
    """A person's decision."""

    m_plan_id: str
    approved: bool
    feedback: str = ""
    command_id: str


class ClarificationRequest(Payload):
    """The plan waits for an answer."""

    request_id: str
    question: str


class ClarificationResponse(Payload):
    """A person's answer."""

    request_id: str
    answer: str
    command_id: str


class TimeoutNotification(Payload):
    """A limit was reached; `timeout_duration` is in seconds."""

    timeout_type: Literal["action", "plan", "approval", "clarification"]
    request_id: str
    message: str
    timeout_duration: float


class ProgressUpdate(Payload):
    """How far the plan is."""

    current_step: int
    total_steps: int
    current_agent: str


class FinalResult(Payload):
    """What the plan came to."""

    status: Literal["completed", "failed", "canceled", "rejected"]
    summary: str = ""


class PlanEnded(Payload):
    """The plan ended; `error` says why when it failed."""

    status: Literal["completed", "failed", "canceled", "rejected"]
    reason: str = ""
    error: Failure | None = None


PAYLOADS: Final[dict[str, type[Payload]]] = {
    "plan_created": PlanCreated,
    "plan_started": PlanStarted,
    "plan_resumed": PlanResumed,
    "action_started": ActionStarted,
    "action_completed": ActionCompleted,
    "action_failed": ActionFailed,
    "plan_approval_request": ApprovalRequest,
    "plan_approval_response": ApprovalResponse,
    "user_clarification_request": ClarificationRequest,
    "user_clarification_response": ClarificationResponse,
    "timeout_notification": TimeoutNotification,
    "progress_update": ProgressUpdate,
    "final_result_message": FinalResult,
    "plan_completed": PlanEnded,
    "plan_failed": PlanEnded,
    "plan_canceled": PlanEnded,
    "plan_rejected": PlanEnded,
    "agent_message": Payload,
    "agent_tool_message": Payload,
    "system_message": Payload,
    "state_changed": Payload,
    "error_message": Payload,
}

CLIENT_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "plan_approval_request": ("steps", "status", "m_plan_id", "context"),
    "plan_approval_response": ("approved", "feedback", "m_plan_id"),
    "user_clarification_request": ("question", "request_id"),
    "user_clarification_response": ("answer", "request_id"),
    "final_result_message": ("status", "summary"),
    "timeout_notification": ("timeout_type", "request_id", "message", "timeout_duration"),
    "progress_update": ("current_step", "total_steps", "current_agent"),
    "agent_tool_message": ("tool_calls",),
}
"""Payload fields that also stand at the top of the message itself, where clients of the API family read them
(compatibility.md section 1). They are part of the one object, so they are the same everywhere."""
