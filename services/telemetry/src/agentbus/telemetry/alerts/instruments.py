"""The metrics of alerts. Rules have names of ours, channels too: labels are few."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

ALERT_CHANGES: Final = Counter(
    "agentbus_telemetry_alert_changes_total",
    "Changes of alerts: firing, acknowledged, resolved.",
    ["rule", "transition"],
)
ALERT_DELIVERIES: Final = Counter(
    "agentbus_telemetry_alert_deliveries_total",
    "Tries to tell a channel of a change: delivered, failed, given_up.",
    ["channel", "outcome"],
)
EVALUATION_SECONDS: Final = Histogram(
    "agentbus_telemetry_evaluation_seconds", "One evaluation of all rules.", buckets=REQUEST_SECONDS
)
EVALUATION_LEADER: Final = Gauge(
    "agentbus_telemetry_evaluation_leader", "1 while this process evaluates alerts and tells channels."
)
SCRAPES: Final = Counter(
    "agentbus_telemetry_scrapes_total", "Services asked for their metrics: read, failed.", ["outcome"]
)
