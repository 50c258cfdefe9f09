"""The metrics of what every process does and needs: its traces, its memory, its disk, its event loop."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REDACTED: Final = Counter(
    "agentbus_secrets_redacted_total", "Secrets cut out before the bus, by kind.", ["kind"]
)
SPANS: Final = Counter(
    "agentbus_tracing_spans_total",
    "Spans ended: sent, not_taken by the collector, or dropped because too many waited.",
    ["outcome"],
)
LOOP_DELAY_SECONDS: Final = Histogram(
    "agentbus_process_event_loop_delay_seconds",
    "How late the event loop is: what any request waits because something else computes.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
MEMORY_BYTES: Final = Gauge("agentbus_process_memory_bytes", "Memory of this process that is in RAM.")
DISK_FREE_BYTES: Final = Gauge(
    "agentbus_disk_free_bytes", "Free space where this process keeps its data.", ["volume"]
)
DISK_SIZE_BYTES: Final = Gauge(
    "agentbus_disk_size_bytes", "Size of the disk where this process keeps its data.", ["volume"]
)
