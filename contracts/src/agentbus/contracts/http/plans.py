"""Bodies of the plan service (compatibility.md section 1, design.md section 4).

Requests tolerate unknown fields, because clients of the API family send more than is asked for. Answers that
hold plans and messages are served as stored; their models here say what clients can count on.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agentbus.contracts.commands import DESCRIPTION_MAX_CHARACTERS
from agentbus.contracts.message import Message
from agentbus.contracts.payloads import Step, Team
from agentbus.contracts.timestamps import Timestamp

ID_MAX_CHARACTERS = 128
TEXT_MAX_CHARACTERS = 262_144

ID_PATTERN = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: ids stand in logs, links and database keys."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=ID_MAX_CHARACTERS, pattern=ID_PATTERN)]
OptionalId = Annotated[str, StringConstraints(max_length=ID_MAX_CHARACTERS, pattern=ID_PATTERN)]
Text = Annotated[str, StringConstraints(max_length=TEXT_MAX_CHARACTERS)]
PlanStatus = Literal[
    "created",
    "pending",
    "in_progress",
    "pending_approval",
    "pending_clarification",
    "approved",
    "rejected",
    "completed",
    "failed",
    "canceled",
]


class Request(BaseModel):
    """A request body: wrong types are refused, unknown fields are not."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class ProcessRequest(Request):
    """Start a plan. It runs whether or not anyone connects."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"description": "Review this source tree", "inputs": {"dir": "/srv/source"}},
                {"description": "Review it", "session_id": "s1", "team_id": "review", "require_hitl": True},
            ]
        }
    )

    description: str = Field(
        min_length=1, max_length=DESCRIPTION_MAX_CHARACTERS, pattern=r"\S", description="The goal, in words."
    )
    session_id: OptionalId | None = Field(default=None, description="Groups plans; made when absent.")
    team_id: OptionalId | None = Field(default=None, description="Which team; the default one when absent.")
    require_hitl: bool | None = Field(default=False, description="Wait for a person to approve the steps.")
    inputs: dict[str, Any] | None = Field(
        default=None, description="What the team works on; `dir`: absolute path of a source tree."
    )


class PlanAccepted(BaseModel):
    """The plan is on the bus; also the answer to a repeated `Idempotency-Key`, with its status by now."""

    plan_id: str = Field(examples=["0b9f6a52-5c5e-4d9a-9f0b-0f7c3b1f0d11"])
    status: PlanStatus = Field(examples=["created"])
    session_id: str = Field(examples=["s1"])


class PlanOutcome(PlanAccepted):
    """What a waiting request (`Prefer: wait`) has read from the bus: everything up to the end, or so far."""

    result: str | None = Field(description="The final result, for people (Markdown); null before it.")
    messages: list[Message]


class PlanApproval(Request):
    """Approve or reject the steps of a plan; `plan_id` when absent is found by `m_plan_id`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"plan_id": "0b9f6a52-…", "m_plan_id": "7c1e…", "approved": True, "feedback": ""}]
        }
    )

    m_plan_id: OptionalId = ""
    approved: bool
    feedback: Text | None = ""
    plan_id: OptionalId | None = None


class UserClarification(Request):
    """Answer a question of a plan; an empty `request_id` means the one that is open."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"plan_id": "0b9f6a52-…", "request_id": "q1", "answer": "Only Python."}]
        }
    )

    request_id: OptionalId | None = ""
    answer: Text
    plan_id: OptionalId | None = None
    m_plan_id: OptionalId | None = None


class AgentMessage(Request):
    """Add an outside client's message to a plan, also after its end. It goes over the bus like any other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "plan_id": "0b9f6a52-…",
                    "agent": "Reviewer",
                    "agent_type": "Human_Agent",
                    "content": "Thanks",
                }
            ]
        }
    )

    plan_id: Id
    agent: OptionalId
    content: Text
    agent_type: OptionalId = "agent"
    is_final: bool | None = False
    raw_data: Any = None
    streaming_message: Text | None = ""


class CancelRequest(Request):
    """Why a plan is canceled."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "wrong directory"}]})

    reason: Text | None = ""


class CommandAccepted(BaseModel):
    """The command is on the bus; what it came to shows as a message of the plan."""

    status: Literal["accepted"] = "accepted"
    plan_id: str = Field(examples=["0b9f6a52-5c5e-4d9a-9f0b-0f7c3b1f0d11"])
    command_id: str = Field(description="The same for a repeated `Idempotency-Key`; has its effect once.")


class AgentProgress(BaseModel):
    """What an agent of the plan did last."""

    agent_name: str
    status: str
    timestamp: Timestamp


class PlanError(BaseModel):
    """Why a plan failed."""

    code: str
    message: str


class Plan(BaseModel):
    """A plan as its stored messages tell it; `last_seq` says how far."""

    model_config = ConfigDict(extra="allow")

    id: str
    plan_id: str
    session_id: str
    workspace_id: str
    user_id: str
    data_type: Literal["plan"] = "plan"
    description: str
    initial_goal: str = Field(description="The same as `description`.")
    status: PlanStatus
    overall_status: PlanStatus = Field(description="The same as `status`.")
    steps: list[Step]
    agent_progress: list[AgentProgress]
    summary: str
    result: str | None = Field(default=None, description="The final result (Markdown); absent in lists.")
    error: PlanError | None = None
    m_plan: None = Field(
        default=None, description="Always null here; see the key of that name beside `plan`."
    )
    streaming_message: str
    created_at: Timestamp
    updated_at: Timestamp
    timestamp: Timestamp
    last_seq: int = Field(ge=0, description="The newest stored message; 0 before the first.")
    attempt: int = Field(ge=0, description="Which take-over of the plan it is in; 0 before the first.")


class MPlanStep(BaseModel):
    """A step that a person is asked to approve."""

    agent: str
    action: str


class MPlan(BaseModel):
    """The steps as proposed for approval."""

    id: str
    user_id: str
    team_id: str
    plan_id: str
    overall_status: PlanStatus
    user_request: str
    team: list[str]
    facts: Any
    steps: list[MPlanStep]


class PlanWithMessages(BaseModel):
    """A plan and what was stored of it: exactly these five keys, watched or not (A3.4)."""

    plan: Plan
    team: Team | None
    messages: list[Message] = Field(description="In order of `seq`.")
    m_plan: MPlan | None
    streaming_message: str


class HealthAnswer(BaseModel):
    """The service answers."""

    status: Literal["healthy"] = "healthy"
    service: str = Field(default="plans", description="Who answers.")
