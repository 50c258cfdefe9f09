"""The import's metrics."""

from typing import Final

from prometheus_client import Counter, Histogram

IMPORTS: Final = Counter(
    "agentbus_workspace_imports_total",
    "Imports from localStorage: dry_run, refused, applied, confirmed, undone.",
    ["state"],
)
ITEMS: Final = Counter(
    "agentbus_workspace_import_items_total",
    "Items of applied imports: imported, unchanged, conflict, failed.",
    ["outcome"],
)
SECONDS: Final = Histogram(
    "agentbus_workspace_import_seconds",
    "From an import's body to its report.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
