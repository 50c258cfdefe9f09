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
HTTP_REFUSED: Final = Counter(
    "agentbus_http_refused",
    "HTTP requests and connections refused because they were too much, too large or too slow.",
    ["reason"],
)
ACCESS_BROKEN: Final = Counter(
    "agentbus_access_broken_records",
    "Records of access.changes that could not be read; they close, never open.",
)
ACCESS_REFUSED: Final = Counter(
    "agentbus_access_refused", "Credentials refused, by the problem's code.", ["code"]
)
KEY_FETCHES: Final = Counter(
    "agentbus_access_key_fetches", "Fetches of the OIDC issuer's keys, by outcome.", ["outcome"]
)
