"""The settings of alerts: who is told, what is too long or too much, whom to ask for metrics.

Part of `TelemetrySettings`. Addresses of channels and the mail password are secrets: they may stand in files
(`agentbus.kernel.environment`) and show in no log and no alert.
"""

import re
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from agentbus.chassis.settings import Port, ServiceSettings, is_confidential
from agentbus.kernel.loopback import is_loopback
from agentbus.telemetry.alerts.channels.webhook import key_of
from agentbus.telemetry.alerts.expectations import Measure
from agentbus.telemetry.alerts.figure_watcher import FigureLimits
from agentbus.telemetry.alerts.resource_rules import ResourceLimits
from agentbus.telemetry.alerts.scraping import Target

_ADDRESS: Final = re.compile(r"http://[^/?#@\s]+")
Names = Annotated[tuple[str, ...], NoDecode]
_SECRET_LEAST_CHARACTERS: Final = 24


class AlertSettings(ServiceSettings):
    """Each `AGENTBUS_ALERT_…`."""

    alert_webhook_url: SecretStr | None = Field(default=None, description="https, or this machine.")
    alert_webhook_secret: SecretStr | None = Field(default=None, description="Signs; `whsec_…` or any text.")
    alert_slack_url: SecretStr | None = Field(
        default=None, description="An incoming webhook of Slack's kind."
    )
    alert_smtp_host: str = Field(default="", description="Mail server; none: no mail.")
    alert_smtp_port: Port = 587
    alert_smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    alert_smtp_user: str = ""
    alert_smtp_password: SecretStr = SecretStr("")
    alert_smtp_from: str = "agentbus@localhost"
    alert_smtp_to: Names = Field(default=(), description="Recipients, comma separated.")
    alert_give_up_hours: float = Field(default=24.0, gt=0, description="How long a channel is tried.")
    alert_keep_days: int = Field(default=90, ge=1, description="How long alerts stay that are over.")
    alert_operators: Names = Field(
        default=("default",),
        description="Workspaces whose administrators see the system's alerts and health.",
    )
    alert_stream_seconds: float = Field(default=150.0, gt=0, description="How long a stream is open.")
    alert_stream_ping_seconds: float = Field(default=15.0, gt=0, description="How often an idle one says so.")

    alert_overdue_factor: float = Field(default=2.0, ge=1, description="Times p95: overdue.")
    alert_overdue_samples: int = Field(default=20, ge=1, description="Runs that a p95 needs.")
    alert_overdue_least_seconds: float = Field(
        default=10.0, gt=0, description="By history nothing is overdue before."
    )
    alert_failure_ratio: float = Field(
        default=0.5, gt=0, le=1, description="Of an agent's tool, in ten minutes."
    )
    alert_failure_executions: int = Field(default=10, ge=1, description="Executions that such a ratio needs.")
    alert_cost_usd_per_hour: float | None = Field(
        default=None, gt=0, description="Of a workspace without a limit of its own; none: nothing is told."
    )

    scrape_targets: Annotated[tuple[Target, ...], NoDecode] = Field(
        default=(), description="Whose metrics to ask for: `service=http://host:port`, comma separated."
    )
    alert_lag_records: float = Field(default=10_000, gt=0)
    alert_disk_free_ratio: float = Field(default=0.1, gt=0, lt=1)
    alert_memory_bytes: float = Field(default=1_500_000_000, gt=0, description="Of one process.")
    alert_pool_ratio: float = Field(default=0.9, gt=0, le=1)
    alert_loop_delay_seconds: float = Field(default=0.5, gt=0, description="p99 over five minutes.")
    alert_request_failure_ratio: float = Field(default=0.05, gt=0, le=1, description="In five minutes.")

    @field_validator("alert_smtp_to", "alert_operators", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("scrape_targets", mode="before")
    @classmethod
    def _targets(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = (part.strip().partition("=") for part in value.split(",") if part.strip())
        targets = tuple(Target(service, url.rstrip("/")) for service, _, url in pairs)
        for each in targets:
            if not each.service or not _ADDRESS.fullmatch(each.url):
                raise ValueError("each target is service=http://host:port")
            if not 0 < (urlsplit(each.url).port or 80) <= 65535:
                raise ValueError("each target has a port up to 65535")
        return targets

    @field_validator("alert_webhook_url", "alert_slack_url")
    @classmethod
    def _channel_is_confidential(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_confidential(value.get_secret_value()):
            raise ValueError("an https address is needed; http only on a loopback host")
        return value

    @model_validator(mode="after")
    def _channels_are_whole(self) -> Self:
        secret = self.alert_webhook_secret
        if self.alert_webhook_url is not None:
            if secret is None or len(secret.get_secret_value()) < _SECRET_LEAST_CHARACTERS:
                raise ValueError("AGENTBUS_ALERT_WEBHOOK_SECRET needs 24 characters: webhooks are signed")
            key_of(secret.get_secret_value())
        if self.alert_smtp_host and not self.alert_smtp_to:
            raise ValueError("AGENTBUS_ALERT_SMTP_TO names nobody")
        if self.alert_smtp_security == "none" and not is_loopback(self.alert_smtp_host or "localhost"):
            raise ValueError("AGENTBUS_ALERT_SMTP_SECURITY=none is for a mail server on this machine alone")
        return self

    def measure(self) -> Measure:
        """Returns how history becomes an expectation."""
        return Measure(
            self.alert_overdue_factor, self.alert_overdue_samples, self.alert_overdue_least_seconds
        )

    def figure_limits(self) -> FigureLimits:
        """Returns the limits of failure rate and cost."""
        return FigureLimits(
            self.alert_failure_ratio, self.alert_failure_executions, self.alert_cost_usd_per_hour
        )

    def resource_limits(self) -> ResourceLimits:
        """Returns the limits of the resource rules."""
        return ResourceLimits(
            lag_records=self.alert_lag_records,
            disk_free_ratio=self.alert_disk_free_ratio,
            memory_bytes=self.alert_memory_bytes,
            pool_ratio=self.alert_pool_ratio,
            loop_delay_seconds=self.alert_loop_delay_seconds,
            request_failure_ratio=self.alert_request_failure_ratio,
        )
