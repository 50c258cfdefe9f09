"""Settings of the telemetry service: beside what every service has, where PostgreSQL is and what is kept."""

from pydantic import Field

from agentbus.postgres.settings import PostgresSettings
from agentbus.telemetry.alerts.settings import AlertSettings


class TelemetrySettings(AlertSettings, PostgresSettings):
    """Bounds, each `AGENTBUS_TELEMETRY_…`. What is past one is `other`, or forgotten and told."""

    telemetry_label_pairs: int = Field(default=200, ge=1, description="Agent and tool pairs told apart.")
    telemetry_open_plans: int = Field(default=20_000, ge=1, description="Plans in flight, per partition.")
    telemetry_ended_plans: int = Field(default=2_000, ge=1, description="Ended plans, per partition.")
    telemetry_known_plans: int = Field(
        default=20_000, ge=1, description="Plans and running actions in memory, per partition; a cache."
    )
    telemetry_batch_records: int = Field(default=2_000, ge=1, description="Most records in one transaction.")
    telemetry_session_seconds: float = Field(
        default=10.0, ge=1, description="After how long without a sign of life another instance takes over."
    )
    telemetry_minute_days: int = Field(default=2, ge=1, description="How long figures by the minute stay.")
    telemetry_hour_days: int = Field(default=90, ge=1, description="And those by the hour; days stay.")
    telemetry_detail_days: int = Field(
        default=30, ge=1, description="How long plans that ended, their actions and error events stay."
    )
