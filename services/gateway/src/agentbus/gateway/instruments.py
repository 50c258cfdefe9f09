"""The gateway's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

SOCKETS: Final = Gauge("agentbus_gateway_sockets", "Sockets that are open.")
PLANS: Final = Gauge("agentbus_gateway_watched_plans", "Plans that at least one socket watches.")
WORKSPACES: Final = Gauge(
    "agentbus_gateway_watched_workspaces", "Workspaces that at least one socket watches."
)
RESYNCS: Final = Counter(
    "agentbus_gateway_resyncs_total",
    "Times that sockets of a workspace were told to pull, counted once for all of a room.",
)
REFUSED: Final = Counter(
    "agentbus_gateway_refused_total",
    "Not let in because there are too many: sockets, of one address or user, connections.",
    ["reason"],
)
REMEMBERED: Final = Gauge(
    "agentbus_gateway_remembered_bytes", "Newest messages of watched plans that are in memory."
)
FRAMES: Final = Counter("agentbus_gateway_frames_sent_total", "Frames sent, counted per socket.")
BYTES: Final = Counter("agentbus_gateway_sent_bytes_total", "Bytes of frames handed to sockets.")
LATENCY: Final = Histogram(
    "agentbus_gateway_fanout_seconds",
    "From the record's time on the bus until it was handed to all live sockets.",
    buckets=REQUEST_SECONDS,
)
SYNC: Final = Histogram(
    "agentbus_gateway_sync_seconds",
    "From a workspace's change until it was handed to all of its live sockets.",
    buckets=REQUEST_SECONDS,
)
HISTORY: Final = Histogram(
    "agentbus_gateway_history_read_seconds",
    "Time of one stretch of history, by where it came from: database, topic, whole_topic.",
    ["source"],
    buckets=REQUEST_SECONDS,
)
HISTORY_MESSAGES: Final = Counter(
    "agentbus_gateway_history_messages_total",
    "Messages read for history, by where they came from: memory, database, topic, whole_topic.",
    ["source"],
)
HISTORY_FAILURES: Final = Counter(
    "agentbus_gateway_history_failures_total",
    "Reads of history that failed and were tried elsewhere or again.",
    ["source"],
)
CLOSES: Final = Counter("agentbus_gateway_closes_total", "Sockets closed, by close code.", ["code"])
SLOW: Final = Counter("agentbus_gateway_slow_closes_total", "Sockets closed because they did not read.")
CLIENT_FRAMES: Final = Counter(
    "agentbus_gateway_client_frames_total", "Frames that clients sent, by what came of them.", ["outcome"]
)
NOT_SENT: Final = Counter(
    "agentbus_gateway_records_not_sent_total",
    "Records of watched plans that do not count: duplicate, stale or invalid.",
    ["reason"],
)
GAPS: Final = Counter("agentbus_gateway_sequence_gaps_total", "Messages that skipped a seq.")
