"""Commands: what people and clients ask of a plan, on `agent.commands`, keyed by `plan_id`.

Written by the plan service, the gateway and workflows; read by the runner that owns the partition.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agentbus.contracts.timestamps import Timestamp

DESCRIPTION_MAX_CHARACTERS = 65_536


class PlanCommand(BaseModel):
    """What every command has. Handling the same `command_id` twice has the effect of once."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    command_id: str = Field(min_length=1)
    plan_id: str = Field(min_length=1, max_length=128)
    workspace_id: str
    user_id: str
    issued_at: Timestamp


class StartPlan(PlanCommand):
    """Start a plan. Void when the broker appended it after `expires_at`: its caller was told "refused"."""

    type: Literal["start_plan"] = "start_plan"
    session_id: str
    description: str = Field(min_length=1, max_length=DESCRIPTION_MAX_CHARACTERS)
    team_id: str
    require_hitl: bool = False
    inputs: dict[str, Any] = Field(default_factory=dict)
    request_hash: str
    expires_at: Timestamp


class ApprovePlan(PlanCommand):
    """Approve or reject the steps that the plan asked about."""

    type: Literal["approve_plan"] = "approve_plan"
    m_plan_id: str
    approved: bool
    feedback: str = ""


class AnswerClarification(PlanCommand):
    """Answer a question of the plan; an empty `request_id` means the one that is open."""

    type: Literal["answer_clarification"] = "answer_clarification"
    request_id: str
    answer: str


class AddMessage(PlanCommand):
    """Add an outside client's message to the plan's log, also after the plan's end."""

    type: Literal["add_message"] = "add_message"
    agent_name: str
    agent_type: str
    content: str
    is_final: bool = False
    raw_data: Any = None
    streaming_message: str = ""


class CancelPlan(PlanCommand):
    """Stop the plan; what it did stays."""

    type: Literal["cancel_plan"] = "cancel_plan"
    reason: str = ""


Command = Annotated[
    StartPlan | ApprovePlan | AnswerClarification | AddMessage | CancelPlan, Field(discriminator="type")
]
COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
