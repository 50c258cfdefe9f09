"""Settings of the telemetry service: beside what every service has, how much it remembers."""

from pydantic import Field

from agentbus.chassis.settings import ServiceSettings


class TelemetrySettings(ServiceSettings):
    """Bounds, each `AGENTBUS_TELEMETRY_…`. What is past one is `other`, or forgotten and told."""

    telemetry_label_pairs: int = Field(default=200, ge=1, description="Agent and tool pairs told apart.")
    telemetry_open_plans: int = Field(default=20_000, ge=1, description="Plans in flight, per partition.")
    telemetry_ended_plans: int = Field(default=2_000, ge=1, description="Ended plans, per partition.")
