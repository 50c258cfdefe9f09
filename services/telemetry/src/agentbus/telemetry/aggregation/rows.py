"""What the tables `plans` and `actions` say, while it is in memory. Made by `fold`, kept by `store`.

Durations that are summed are whole microseconds, so that sums are exact.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from agentbus.plan.sequence import PlanSequence

ActionStatus = Literal["running", "completed", "failed", "stopped"]


@dataclass(slots=True)
class Action:
    """One action of a plan. `queue_us`: how long the plan waited to be worked on before it (see `fold`)."""

    plan_id: str
    action_id: str
    workspace_id: str
    team_id: str
    parent_action_id: str | None
    agent: str
    agent_type: str
    tool: str
    step_id: str | None
    status: ActionStatus
    attempt: int
    started_at: datetime
    trace_id: str
    span_id: str
    started_seq: int | None = None
    ended_seq: int | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    queue_us: int = 0
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    error_fingerprint: str | None = None
    input: str | None = None
    input_bytes: int = 0

    @property
    def queue_seconds(self) -> float:
        """How long the plan waited before it."""
        return self.queue_us / 1e6


@dataclass(slots=True)
class Plan:
    """One plan, and its actions that run. `queue_us` is what its next action will have waited."""

    plan_id: str
    workspace_id: str
    user_id: str
    session_id: str
    partition: int
    last_at: datetime
    trace_id: str
    sequence: PlanSequence = field(default_factory=PlanSequence)
    team_id: str = ""
    description: str = ""
    status: str = ""
    last_type: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    queue_us: int = 0
    messages: int = 0
    actions: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    unpriced_tokens: int = 0
    error_fingerprint: str | None = None
    running: dict[str, Action] = field(default_factory=dict)

    @property
    def queue_seconds(self) -> float:
        """What its next action will have waited."""
        return self.queue_us / 1e6


def added(total: Decimal | None, more: Decimal | None) -> Decimal | None:
    """Returns the sum of costs, of which unknown ones are no part; None when none is known."""
    if more is None:
        return total
    return more if total is None else total + more
