"""Bodies of the observability API: errors by what they are and where they come from (C2)."""

from typing import Literal

from pydantic import BaseModel, Field

from agentbus.contracts.timestamps import Timestamp

ErrorState = Literal["open", "resolved", "regressed"]


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
