"""Alerts, and what tells of their changes on `telemetry.alerts` (C5, H5).

Written by the telemetry service's relay alone. An alert names sizes, names and times, never what a person, an
agent or a tool said: that is in the message log, under the plan and the trace that the alert names.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agentbus.contracts.timestamps import Timestamp

SCHEMA_VERSION: Final = 1

Severity = Literal["warning", "critical"]
AlertState = Literal["pending", "firing", "acknowledged", "resolved"]
Transition = Literal["firing", "acknowledged", "resolved"]
RuleName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{0,63}$")]


class Expected(BaseModel):
    """How long an execution was to take, and who says so."""

    model_config = ConfigDict(extra="allow", frozen=True)

    basis: Literal["limit", "history"] = Field(
        description="`limit`: it was set. `history`: p95 times the factor."
    )
    seconds: float = Field(description="Beyond this it is overdue.")
    set_for: str | None = Field(default=None, description="What the limit was set for: `tool ruff`.")
    p95_seconds: float | None = Field(
        default=None, description="Of its own completed runs in this workspace."
    )
    samples: int | None = Field(default=None, description="How many runs that p95 is of.")


class LastMessage(BaseModel):
    """One of the newest messages of the plan: its kind and size."""

    model_config = ConfigDict(extra="allow", frozen=True)

    seq: int
    type: str
    agent_name: str
    action_id: str | None
    at: Timestamp
    size_bytes: int


class ComparedRun(BaseModel):
    """An earlier run of the same thing, to be looked at beside this one."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plan_id: str
    action_id: str | None = Field(description="None: the run is a whole plan.")
    status: str
    seconds: float
    ended_at: Timestamp


class Diagnosis(BaseModel):
    """What was known of an overdue execution when its alert was raised."""

    model_config = ConfigDict(extra="allow", frozen=True)

    started_at: Timestamp
    running_seconds: float
    expected: Expected
    attempt: int = Field(description="Which take-over of the plan executes it.")
    trace_id: str | None
    parent_action_id: str | None
    inner_actions: list[str] = Field(description="What runs inside it: `tool (action id)`.")
    alike: int = Field(description="Executions of the same tool that are overdue now, this one included.")
    argument_bytes: dict[str, int] | None = Field(
        description="Size of each argument, as JSON, by its name; None: the log could not be read."
    )
    last_messages: list[LastMessage] | None = Field(description="Newest last; None: as above.")
    compared: list[ComparedRun] = Field(description="The newest completed runs of the same thing.")
    probable_cause: str


class Alert(BaseModel):
    """Something that a person should know, from when it was noticed until it was over."""

    model_config = ConfigDict(extra="allow", frozen=True)

    alert_id: str = Field(min_length=1, max_length=128)
    fingerprint: str = Field(
        pattern=r"^[0-9a-f]{32}$", description="Of rule and subject; one is open at a time."
    )
    rule: RuleName
    severity: Severity
    state: AlertState
    workspace_id: str | None = Field(description="None: it is the system's, for administrators.")
    subject: dict[str, str] = Field(description="What it is about: plan_id, action_id, tool, instance, …")
    summary: str
    value: float | None = Field(description="What was measured when it was raised.")
    limit: float | None = Field(description="What it was measured against.")
    recommendation: str = Field(description="What to do: the setting to change, the step to take.")
    runbook: str = Field(description="Path in the repository.")
    since: Timestamp = Field(description="When it was first noticed.")
    fired_at: Timestamp | None = None
    acknowledged_at: Timestamp | None = None
    acknowledged_by: str | None = None
    resolved_at: Timestamp | None = None
    silenced_until: Timestamp | None = Field(default=None, description="Until then no channel is told.")
    diagnosis: Diagnosis | None = Field(default=None, description="Of an overdue execution.")


class AlertChange(BaseModel):
    """A change of an alert's state, with the alert as it was right after."""

    model_config = ConfigDict(extra="allow", frozen=True)

    fingerprint: str = Field(description="The alert's; the partition key.")
    number: int = Field(ge=1, le=2**53, strict=True, description="Grows; the same when it is told again.")
    transition: Transition
    at: Timestamp
    by: str | None = Field(description="The user, when a person did it.")
    alert: Alert
    schema_version: int = Field(ge=1, strict=True)
