"""Bodies of the observability API: figures, series, live activity, timelines, bottlenecks, errors (C1, C2).

Everything is of the caller's workspace. Seconds are floats, money is in US dollars, shares and rates are from
0 to 1; what is not known is null. Percentiles come from sketches (decision 0030): each is within their
relative error. A range covers whole roll-up buckets, so answers say from when to when they really are.
"""

from typing import Literal

from pydantic import BaseModel, Field

from agentbus.contracts.http.plans import PlanStatus
from agentbus.contracts.timestamps import Timestamp

GroupBy = Literal["agent", "agent_type", "tool", "team", "model"]
ActionStatus = Literal["running", "completed", "failed", "stopped"]
ErrorState = Literal["open", "resolved", "regressed"]
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
    history_executions: int = Field(ge=0, description="Executions in the 30 days up to the plan's end.")
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


class ErrorExample(BaseModel):
    """Where the error was met last."""

    plan_id: str
    action_id: str | None
    seq: int
    trace_id: str | None
    agent: str
    tool: str
    input: str | None = Field(description="What the action was called with, as JSON, cut where long.")
    stack: str


class ErrorGroup(BaseModel):
    """Errors of one kind: the same type, from the same place."""

    fingerprint: str = Field(examples=["9f86d081884c7d65"])
    type: str
    message: str
    service: str
    version: str
    state: ErrorState = Field(description="`regressed`: met again after it was resolved.")
    first_seen_at: Timestamp
    last_seen_at: Timestamp
    count: int = Field(ge=1, description="Ever.")
    count_in_range: int = Field(ge=0)
    plans_in_range: int = Field(ge=0, description="How many plans have met it.")
    resolved_at: Timestamp | None
    resolved_by: str | None


class ErrorDetail(ErrorGroup):
    """One kind of error with all that is needed to mend it."""

    stack: str
    example: ErrorExample


class ErrorEvent(BaseModel):
    """One time that an error was met."""

    fingerprint: str
    plan_id: str
    seq: int = Field(description="The message that tells of it.")
    at: Timestamp
    action_id: str | None
    trace_id: str | None
    agent: str
    tool: str
