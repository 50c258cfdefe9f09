"""The plan service's metrics. Requests, statuses and durations are the chassis' (`agentbus_http_…`)."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

SUBMITTED: Final = Counter(
    "agentbus_plans_submitted_total", "Plans asked for: started, repeated, or unavailable.", ["outcome"]
)
COMMANDS: Final = Counter(
    "agentbus_plans_commands_total", "Commands to plans: sent, or unavailable.", ["type", "outcome"]
)
ACKNOWLEDGE_SECONDS: Final = Histogram(
    "agentbus_plans_acknowledge_seconds", "Until Kafka acknowledged a command.", buckets=REQUEST_SECONDS
)
WAITING: Final = Gauge("agentbus_plans_waiting_requests", "Requests that wait for the end of a plan.")
WAITS: Final = Counter(
    "agentbus_plans_waits_total", "Waits for the end of a plan: ended, limit, or declined.", ["outcome"]
)
MESSAGES_SERVED: Final = Counter("agentbus_plans_messages_served_total", "Messages given out over REST.")
NOT_MODIFIED: Final = Counter("agentbus_plans_not_modified_total", "Reads answered with 304.")
