"""Metrics of PostgreSQL, the outbox in it and its relay."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

TRANSACTION_SECONDS: Final = Histogram(
    "agentbus_postgres_transaction_seconds",
    "A transaction, the wait for its connection included.",
    ["kind"],
    buckets=REQUEST_SECONDS,
)
STATEMENT_SECONDS: Final = Histogram(
    "agentbus_postgres_statement_seconds",
    "A statement, by its operation and tables.",
    ["statement"],
    buckets=REQUEST_SECONDS,
)
POOL_CONNECTIONS: Final = Gauge(
    "agentbus_postgres_pool_connections", "Connections to PostgreSQL: used, idle.", ["state"]
)
POOL_LIMIT: Final = Gauge(
    "agentbus_postgres_pool_limit", "Most connections that this process makes to PostgreSQL."
)
RELAYED: Final = Counter("agentbus_postgres_relayed_total", "Outbox rows that Kafka has acknowledged.")
RELAY_OLDEST_SECONDS: Final = Gauge(
    "agentbus_postgres_relay_oldest_seconds", "Age of the oldest outbox row when the relay last looked."
)
RELAY_LEADER: Final = Gauge("agentbus_postgres_relay_leader", "1 while this process publishes the outbox.")
