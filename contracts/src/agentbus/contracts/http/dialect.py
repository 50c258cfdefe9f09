"""A plan in the other dialect of the API family, a view made on request (compatibility.md section 1)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentbus.contracts.http.plans import MPlan, Plan
from agentbus.contracts.payloads import Team
from agentbus.contracts.timestamps import Timestamp


class AgentMessageData(BaseModel):
    """A message in the dialect `agent_message_data`; the message's other fields stand beside these."""

    model_config = ConfigDict(extra="allow")

    id: str
    plan_id: str
    seq: int = Field(ge=1)
    data_type: Literal["m_plan_message"]
    m_plan_id: str | None
    agent: str
    agent_type: Literal["Human_Agent", "AI_Agent"]
    content: str
    raw_data: str = Field(description="The payload, as text.")
    steps: list[Any]
    next_steps: list[Any]
    timestamp: Timestamp


class PlanInDialect(BaseModel):
    """As `PlanWithMessages`, with `dialect=agent_message_data`."""

    plan: Plan
    team: Team | None
    messages: list[AgentMessageData] = Field(description="In order of `seq`.")
    m_plan: MPlan | None
    streaming_message: str
