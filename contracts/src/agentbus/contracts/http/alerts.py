"""Bodies of the alert routes of the telemetry service, and of the system's health (C5, H3, H5)."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from agentbus.contracts.alerts import Alert, AlertState, RuleName, Severity, Transition
from agentbus.contracts.http.plans import Request
from agentbus.contracts.timestamps import Timestamp

SUBJECT_KEYS_MAX = 8
WORD_MAX = 200
SILENCE_SECONDS_MAX = 30 * 86_400

Word = Annotated[str, StringConstraints(min_length=1, max_length=WORD_MAX, pattern=r"^[^\x00-\x1f\x7f]*$")]
LimitKind = Literal["tool", "agent", "team", "cost"]
HealthMetric = Literal["memory_bytes", "lag_records", "event_loop_delay_seconds"]
DeliveryState = Literal["pending", "delivered", "silenced", "given_up"]


class AlertEvent(BaseModel):
    """A change of an alert's state."""

    number: int
    transition: Transition
    at: Timestamp
    by: str | None
    note: str = Field(description="What was said when it was acknowledged; else empty.")


class AlertDelivery(BaseModel):
    """What became of telling a channel of a change."""

    number: int = Field(description="The change's.")
    channel: str = Field(description="`webhook`, `slack`, `email`.")
    state: DeliveryState
    tries: int
    last_error: str | None
    delivered_at: Timestamp | None


class AlertWithHistory(Alert):
    """An alert, its changes, and who was told of them."""

    events: list[AlertEvent] = Field(description="Oldest first.")
    deliveries: list[AlertDelivery]


class Acknowledgement(Request):
    """Someone looks after an alert."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "looking into it"}]})

    note: str = Field(default="", max_length=1000)


def _named(field: str) -> dict[str, JsonValue]:
    return {"required": [field], "properties": {field: {"not": {"enum": [None, {}]}}}}


class NewSilence(Request):
    """Tell no channel of alerts that match, for a while. At least one thing has to be named."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [_named("rule"), _named("severity"), _named("subject")],
            "examples": [{"rule": "ExecutionOverdue", "subject": {"tool": "ruff"}, "seconds": 3600}],
        }
    )

    rule: RuleName | None = None
    severity: Severity | None = None
    subject: dict[Word, Word] = Field(
        default_factory=dict,
        max_length=SUBJECT_KEYS_MAX,
        description="Each entry has to be the alert's.",
        json_schema_extra={"additionalProperties": False},  # Pydantic refuses names beyond the pattern
    )
    seconds: int = Field(ge=1, le=SILENCE_SECONDS_MAX, description="From now on.")
    reason: str = Field(default="", max_length=1000)
    system: bool = Field(default=False, description="Of the system's alerts; for its administrators.")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.rule is None and self.severity is None and not self.subject:
            raise ValueError("a silence names a rule, a severity or a subject")
        return self


class Silence(BaseModel):
    """A silence that is in force, or was."""

    silence_id: str
    workspace_id: str | None
    rule: str | None
    severity: Severity | None
    subject: dict[str, str]
    reason: str
    created_at: Timestamp
    created_by: str
    ends_at: Timestamp


class NewLimit(Request):
    """How long executions may take, or what the workspace may spend in an hour, before an alert says so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 120.0}]})

    limit: float = Field(
        gt=0, le=31_536_000, allow_inf_nan=False, description="Seconds; of `cost`, USD in an hour."
    )


class Limit(BaseModel):
    """A limit that was set for a workspace."""

    kind: LimitKind = Field(description="`tool` and `agent`: of actions. `team`: of its plans. `cost`.")
    name: str = Field(description="Of the tool, agent or team; `*`: any.")
    limit: float
    changed_at: Timestamp
    changed_by: str


class ServiceHealth(BaseModel):
    """One process of a service, as last asked."""

    service: str
    instance: str
    status: Literal["up", "degraded", "not_ready", "down"]
    detail: str = Field(description="What is wrong, by the service's own words; empty when nothing is.")
    asked_at: Timestamp | None
    up_since: Timestamp | None
    lag_records: float | None = Field(description="Records on the bus that it has yet to read.")
    error_rate: float | None = Field(description="Share of requests that failed in the last five minutes.")
    memory_bytes: float | None
    event_loop_delay_seconds: float | None = Field(description="p99 over the last five minutes.")


class StoreHealth(BaseModel):
    """A database or the bus, as the services see it."""

    name: Literal["kafka", "postgres", "message database"]
    ok: bool | None = Field(description="None: no service was asked that uses it.")
    detail: str
    pool_used_ratio: float | None = Field(description="Fullest pool of any service.")


class VolumeHealth(BaseModel):
    """A volume of an instance."""

    instance: str
    volume: str
    free_bytes: float
    size_bytes: float


class Figure(BaseModel):
    """A key figure."""

    name: str
    value: float | None
    unit: str


class Recommendation(BaseModel):
    """What to do now, by the alert that says why."""

    alert_id: str
    rule: str
    severity: Severity
    state: AlertState
    summary: str
    recommendation: str
    runbook: str


class SystemHealth(BaseModel):
    """Is it healthy, and what is to be done (for administrators)."""

    at: Timestamp
    services: list[ServiceHealth]
    stores: list[StoreHealth]
    volumes: list[VolumeHealth]
    figures: list[Figure]
    recommendations: list[Recommendation]


class HealthLine(BaseModel):
    """A metric of an instance over time."""

    metric: HealthMetric
    instance: str
    values: list[float | None] = Field(description="One for each of `times`; None: it did not answer.")


class HealthHistory(BaseModel):
    """The last ten minutes of every instance, as long as they are remembered."""

    times: list[Timestamp] = Field(description="Ends of steps, the oldest first.")
    lines: list[HealthLine]
