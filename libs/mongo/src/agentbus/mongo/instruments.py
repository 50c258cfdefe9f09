"""Metrics of the message database."""

from typing import Final

from prometheus_client import Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

COMMAND_SECONDS: Final = Histogram(
    "agentbus_mongo_command_seconds",
    "A command to the message database.",
    ["command", "collection"],
    buckets=REQUEST_SECONDS,
)
