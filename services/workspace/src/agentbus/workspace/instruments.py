"""The workspace service's metrics. Requests and the relay are measured by their libraries."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agentbus.observability.metrics import REQUEST_SECONDS

CHANGES: Final = Counter(
    "agentbus_workspace_changes_total", "Changes made to tasks and environments.", ["origin"]
)
CONFLICTS: Final = Counter(
    "agentbus_workspace_conflicts_total",
    "Pushed documents that were not written: conflict, rejected.",
    ["kind"],
)
STREAMS: Final = Gauge("agentbus_workspace_streams", "Clients that follow a collection over events.")
SYNC_SECONDS: Final = Histogram(
    "agentbus_workspace_sync_seconds",
    "From a change until it was handed to the clients that follow its collection over events.",
    buckets=REQUEST_SECONDS,
)
RESYNCS: Final = Counter("agentbus_workspace_resyncs_total", "Streams that were too slow and have to pull.")
IMPORTS: Final = Counter(
    "agentbus_workspace_imports_total",
    "Imports from localStorage: dry_run, refused, applied, confirmed, undone.",
    ["state"],
)
IMPORT_ITEMS: Final = Counter(
    "agentbus_workspace_import_items_total",
    "Items of applied imports: imported, unchanged, conflict, failed.",
    ["outcome"],
)
IMPORT_SECONDS: Final = Histogram(
    "agentbus_workspace_import_seconds",
    "From an import's body to its report.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
