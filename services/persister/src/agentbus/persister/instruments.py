"""The persister's metrics (A5.5). Lag, batches, pauses and dead letters are the bus' (`agentbus_bus_…`)."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

SAVED: Final = Counter("agentbus_persister_saved_total", "Messages newly stored.")
FAILED: Final = Counter(
    "agentbus_persister_failed_total", "Records whose saving failed, counted at each try.", ["code"]
)
RETRIED: Final = Counter("agentbus_persister_retried_total", "Records that were saved at a later try.")
DUPLICATES: Final = Counter("agentbus_persister_duplicates_total", "Messages that were stored already.")
STALE: Final = Counter("agentbus_persister_stale_total", "Messages of a runner that lost its plan, left out.")
GAPS: Final = Counter("agentbus_persister_gaps_total", "Messages before which the plan's log skips numbers.")
UNREAD: Final = Counter(
    "agentbus_persister_unread_payloads_total", "Messages stored whose payload does not fit their type."
)
POISON: Final = Counter(
    "agentbus_persister_poison_total", "Records given to the dead letter, by reason.", ["code"]
)
PLANS_SAVED: Final = Counter("agentbus_persister_plans_saved_total", "Saves of a plan's state.")
SUCCESS: Final = Gauge(
    "agentbus_persister_success_ratio",
    "Records saved of those tried in the success window; 1 when idle.",
)
AGE: Final = Histogram(
    "agentbus_persister_record_age_seconds",
    "From the record's append in Kafka until it is stored.",
    buckets=(*REQUEST_SECONDS, 60.0, 300.0, 1800.0, 7200.0),
)
BATCH_RECORDS: Final = Histogram(
    "agentbus_persister_batch_records",
    "Records in a batch.",
    buckets=(1, 2, 5, 10, 50, 100, 500, 1000, 5000),
)
BATCH_SECONDS: Final = Histogram(
    "agentbus_persister_batch_seconds", "Time to store a batch.", buckets=REQUEST_SECONDS
)
