"""Bodies of the observability API: plans with their figures, timelines, critical paths (C2).

Seconds are floats, money is in US dollars, shares are from 0 to 1; what is not known is null.
"""

from typing import Literal

from pydantic import BaseModel, Field

from agentbus.contracts.http.plans import PlanStatus
from agentbus.contracts.timestamps import Timestamp

ActionStatus = Literal["running", "completed", "failed", "stopped"]


class ObservedPlan(BaseModel):
    """A plan with its figures."""

    plan_id: str
    session_id: str
    user_id: str
    team: str
    description: str
    status: PlanStatus
    attempt: int = Field(ge=0, description="Which take-over it is in, or ended in.")
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    seconds: float = Field(description="From its creation to its end, or to now.")
    messages: int = Field(ge=0)
    actions: int = Field(ge=0)
    failures: int = Field(ge=0, description="Actions that failed.")
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    cost_usd: float | None
    trace_id: str | None
    error_fingerprint: str | None = Field(description="Why it failed: one of the errors.")


class TimelineAction(BaseModel):
    """An action on a plan's timeline; nested by `parent_action_id`."""

    action_id: str
    parent_action_id: str | None
    agent: str
    agent_type: str
    tool: str
    model: str
    step_id: str | None
    status: ActionStatus
    attempt: int
    started_seq: int = Field(description="The message that tells of its begin.")
    ended_seq: int | None
    started_at: Timestamp
    ended_at: Timestamp | None
    offset_seconds: float = Field(description="From the plan's creation to this begin.")
    seconds: float = Field(description="To its end, or so far.")
    queue_seconds: float | None = Field(description="How long it waited before.")
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    error_fingerprint: str | None
    error_message: str | None
    trace_id: str | None
    span_id: str | None


class Timeline(BaseModel):
    """A plan and its actions in the order in which they began; a parent stands before its children."""

    plan: ObservedPlan
    actions: list[TimelineAction]


class PathSegment(BaseModel):
    """A piece of the critical path: an action at work, or the plan waiting for one to begin."""

    kind: Literal["action", "waiting"]
    action_id: str | None = Field(description="Null: waiting.")
    agent: str | None
    tool: str | None
    starts_at: Timestamp
    seconds: float
    share: float = Field(description="Of the plan's duration.")


class TimeShare(BaseModel):
    """Where a plan's time went: one agent's use of one tool, against its own history."""

    agent: str
    tool: str
    executions: int = Field(ge=1)
    seconds: float = Field(description="Time in these actions, without that in actions inside them.")
    path_seconds: float = Field(description="What of it lies on the critical path.")
    path_share: float = Field(description="That, of the plan's duration.")
    longest_seconds: float
    history_executions: int = Field(
        ge=0, description="Executions in the seven days up to that of the plan's end."
    )
    history_p50_seconds: float | None
    history_p95_seconds: float | None


class PlanBottlenecks(BaseModel):
    """What a plan's duration consists of.

    The critical path is the chain of actions in which the end of one determined the start of the next
    (decision 0032): its segments cover the plan from its creation to its end exactly once.
    """

    plan_id: str
    starts_at: Timestamp
    seconds: float = Field(description="The plan's duration, so far when it runs; the sum of all segments.")
    working_seconds: float = Field(description="On the critical path, in actions.")
    waiting_seconds: float = Field(description="On the critical path, in none.")
    segments: list[PathSegment] = Field(description="The longest of the path, in their order.")
    segments_total: int = Field(ge=0)
    shares: list[TimeShare] = Field(description="Most time on the path first; at most 100.")
