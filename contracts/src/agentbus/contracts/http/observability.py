"""Bodies of the observability API: figures, series, live activity, bottlenecks (C1); and `observed_*.py`.

Everything is of the caller's workspace. Seconds are floats, money is in US dollars, shares and rates are from
0 to 1; what is not known is null. Percentiles come from sketches (decision 0030): each is within their
relative error. A range covers whole roll-up buckets, so answers say from when to when they really are.
"""

from typing import Literal

from pydantic import BaseModel, Field

from agentbus.contracts.http.plans import PlanStatus
from agentbus.contracts.timestamps import Timestamp

GroupBy = Literal["agent", "agent_type", "tool", "team", "model"]
MetricName = Literal[
    "executions",
    "failures",
    "success_rate",
    "mean_seconds",
    "p50_seconds",
    "p90_seconds",
    "p95_seconds",
    "p99_seconds",
    "mean_queue_seconds",
    "input_tokens",
    "output_tokens",
    "cost_usd",
]
"""What a series may show; the fields of `Figures` of these names."""


class Figures(BaseModel):
    """What was measured of actions that ended in the range."""

    executions: int = Field(ge=0, description="Actions that completed or failed.")
    failures: int = Field(ge=0, description="Those that failed.")
    success_rate: float | None = Field(description="From 0 to 1; null without executions.")
    seconds_total: float = Field(description="Time spent in these actions.")
    mean_seconds: float | None
    p50_seconds: float | None
    p90_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    queue_seconds_total: float = Field(description="Time that these actions waited before they began.")
    mean_queue_seconds: float | None
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    cost_usd: float | None = Field(description="Of what has a price; null when nothing has.")
    unpriced_tokens: int = Field(ge=0, description="Tokens of models without a price: not in `cost_usd`.")


class GroupFigures(Figures):
    """The figures of one agent, tool, team, model or kind of agent."""

    group: str = Field(description="Its name; empty where the log names none.", examples=["analyst"])


class FiguresAnswer(BaseModel):
    """Figures of a range: of everything, and by group."""

    starts_at: Timestamp
    ends_at: Timestamp = Field(description="The range does not include this moment.")
    group_by: GroupBy
    total: Figures
    groups: list[GroupFigures] = Field(description="Those with most executions first.")
    groups_total: int = Field(ge=0, description="How many groups there are; `groups` may hold fewer.")


class SeriesLine(BaseModel):
    """One metric over time, of one group or of everything. Values stand in the order of `times`."""

    metric: MetricName
    group: str | None = Field(description="Null: of everything.")
    values: list[float | None]
    compared: list[float | None] | None = Field(
        description="The compared period's values, at the same distance from its start."
    )


class SeriesAnswer(BaseModel):
    """Metrics over time, bucket by bucket."""

    starts_at: Timestamp
    ends_at: Timestamp
    step_seconds: int = Field(ge=60, description="The width of a bucket; more than asked for where older.")
    compared_starts_at: Timestamp | None = Field(description="Where the compared period begins.")
    times: list[Timestamp] = Field(description="When each bucket begins.")
    lines: list[SeriesLine]


class LiveAction(BaseModel):
    """An action that runs now."""

    action_id: str
    parent_action_id: str | None
    agent: str
    agent_type: str
    tool: str
    model: str
    started_at: Timestamp
    seconds: float = Field(description="So far.")
    expected_seconds: float | None = Field(
        description="95 % of its last executions took no longer; null with too few of them."
    )


class LivePlan(BaseModel):
    """A plan that has not ended, and what runs in it now."""

    plan_id: str
    description: str
    status: PlanStatus
    team: str
    user_id: str
    session_id: str
    created_at: Timestamp
    seconds: float = Field(description="Since it was created.")
    messages: int = Field(ge=0)
    actions_done: int = Field(ge=0, description="Actions that have ended.")
    failures: int = Field(ge=0)
    running: list[LiveAction] = Field(description="At most 50, the oldest first.")
    running_total: int = Field(ge=0)


class LiveAnswer(BaseModel):
    """What happens in the workspace at this moment."""

    at: Timestamp
    plans: list[LivePlan] = Field(description="The newest first.")
    plans_total: int = Field(ge=0)
    actions_total: int = Field(ge=0, description="Running actions of all plans.")


class Bottleneck(BaseModel):
    """An agent's use of a tool that became slower than its own history, or takes most of the time."""

    agent: str
    tool: str
    model: str
    executions: int
    seconds_total: float
    share: float = Field(description="Of the time of all actions in the range.")
    p50_seconds: float | None
    p95_seconds: float | None
    queue_seconds_total: float
    history_executions: int
    history_p50_seconds: float | None
    history_p95_seconds: float | None
    slowdown: float | None = Field(description="p95 to that of its history; null with too little history.")
    lost_seconds: float = Field(description="More than as many executions would have taken before; or 0.")


class BottlenecksAnswer(BaseModel):
    """The slowest, against their own history."""

    starts_at: Timestamp
    ends_at: Timestamp
    history_starts_at: Timestamp = Field(description="The history goes from here to `starts_at`.")
    bottlenecks: list[Bottleneck] = Field(description="The greatest slowdown first, then most time.")
