"""The bus' metrics, once per process, labelled by un-prefixed topic and group."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

_LABELS: Final = ("topic", "group")
_BATCH_RECORDS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500)

LAG_RECORDS: Final = Gauge(
    "agentbus_bus_lag_records", "Records appended and not committed, over the partitions owned here.", _LABELS
)
RECORD_AGE_SECONDS: Final = Gauge(
    "agentbus_bus_record_age_seconds", "Age of the oldest record in hand; 0 when there is none.", _LABELS
)
PAUSED_PARTITIONS: Final = Gauge(
    "agentbus_bus_paused_partitions", "Partitions that wait to retry a batch.", _LABELS
)
HALTED_PARTITIONS: Final = Gauge(
    "agentbus_bus_halted_partitions", "Partitions that gave more poison than the limits allow.", _LABELS
)
BATCH_RECORDS: Final = Histogram(
    "agentbus_bus_batch_records", "Records in a handled batch.", _LABELS, buckets=_BATCH_RECORDS
)
BATCH_SECONDS: Final = Histogram(
    "agentbus_bus_batch_seconds", "From a batch's arrival to its commit.", _LABELS, buckets=REQUEST_SECONDS
)
PROCESS_SECONDS: Final = Histogram(
    "agentbus_bus_process_seconds", "A handler's try at a batch.", _LABELS, buckets=REQUEST_SECONDS
)
CONSUMED: Final = Counter("agentbus_bus_consumed_total", "Records handled and committed.", _LABELS)
RETRIED: Final = Counter("agentbus_bus_retried_total", "Times that a batch was tried again.", _LABELS)
DEAD_LETTERED: Final = Counter(
    "agentbus_bus_dead_lettered_total", "Records put into the dead letter.", (*_LABELS, "code")
)
REPLAYED: Final = Counter(
    "agentbus_bus_replayed_total", "Records handled that were put back from the dead letter.", _LABELS
)
OUTBOX_PENDING: Final = Gauge("agentbus_bus_outbox_pending_records", "Records that wait for Kafka.")
