"""The runner's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge

PLANS_RUNNING: Final = Gauge(
    "agentbus_runner_plans_running", "Plans that this runner holds, waiting ones included."
)
PLANS_STARTED: Final = Counter("agentbus_runner_plans_started_total", "Plans taken on.")
PLANS_ENDED: Final = Counter("agentbus_runner_plans_ended_total", "Plans that ended here.")
TAKEOVERS: Final = Counter("agentbus_runner_takeovers_total", "Plans taken over from the log.")
SUPERSEDED: Final = Counter(
    "agentbus_runner_superseded_total", "Plans given up because another runner took over."
)
COMMANDS: Final = Counter("agentbus_runner_commands_total", "Commands handled.", ["type", "outcome"])
OUTBOX_PENDING: Final = Gauge("agentbus_runner_outbox_pending_records", "Records that wait for Kafka.")
