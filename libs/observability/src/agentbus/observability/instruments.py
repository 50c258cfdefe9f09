"""The metrics of what every process does to what it publishes."""

from typing import Final

from prometheus_client import Counter

REDACTED: Final = Counter(
    "agentbus_secrets_redacted_total", "Secrets cut out before the bus, by kind.", ["kind"]
)
