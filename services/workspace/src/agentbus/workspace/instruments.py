"""The workspace service's metrics. Requests and the relay are measured by their libraries."""

from typing import Final

from prometheus_client import Counter, Gauge

CHANGES: Final = Counter(
    "agentbus_workspace_changes_total", "Changes made to tasks and environments.", ["origin"]
)
CONFLICTS: Final = Counter(
    "agentbus_workspace_conflicts_total",
    "Pushed documents that were not written: conflict, rejected.",
    ["kind"],
)
STREAMS: Final = Gauge("agentbus_workspace_streams", "Clients that follow a collection over events.")
RESYNCS: Final = Counter("agentbus_workspace_resyncs_total", "Streams that were too slow and have to pull.")
