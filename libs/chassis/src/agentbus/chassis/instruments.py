"""The metrics that every service has. `route` is a template, never a path: its values are few and known."""

from typing import Final

from prometheus_client import Counter, Histogram

from agentbus.observability import metrics

REQUESTS: Final = Counter(
    "agentbus_http_requests", "HTTP requests answered; status 0 had no answer.", ["method", "route", "status"]
)
REQUEST_SECONDS: Final = Histogram(
    "agentbus_http_request_seconds",
    "Time from a request's first byte to its answer's last.",
    ["method", "route"],
    buckets=metrics.REQUEST_SECONDS,
)
