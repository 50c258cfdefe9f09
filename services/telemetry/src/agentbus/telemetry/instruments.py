"""The figures as Prometheus sees them. Labels are bounded: pairs by `labels.py`, the rest by contract."""

from typing import Final, TypeVar, cast

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from agentbus.contracts.payloads import PAYLOADS
from agentbus.observability.metrics import ACTION_SECONDS, REQUEST_SECONDS
from agentbus.plan.sequence import Verdict
from agentbus.telemetry.labels import OTHER, Pair

_PAIR: Final = ("agent", "tool")
M = TypeVar("M", bound=MetricWrapperBase)

AGGREGATED: Final = Counter(
    "agentbus_telemetry_aggregated_total", "Records counted in the database.", ["topic"]
)
AGGREGATION_SECONDS: Final = Histogram(
    "agentbus_telemetry_aggregation_seconds",
    "A batch counted in the database, to its commit.",
    ["topic"],
    buckets=REQUEST_SECONDS,
)
BEHIND: Final = Gauge(
    "agentbus_telemetry_behind_records",
    "Records read and not yet counted in the database, over the partitions owned here.",
    ["topic"],
)
UNSTORABLE: Final = Counter(
    "agentbus_telemetry_unstorable_total", "Records left out: the database cannot hold them.", ["topic"]
)
SYNC_SECONDS: Final = Histogram(
    "agentbus_telemetry_sync_seconds",
    "From a workspace's change to its arrival here, as any client of the bus sees it.",
    ["collection", "origin"],
    buckets=REQUEST_SECONDS,
)


class PrometheusFigures:
    """Keeps the figures in a Prometheus registry (the process' own one by default)."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._children: dict[tuple[MetricWrapperBase, tuple[str, ...]], MetricWrapperBase] = {}
        self._executions = Counter(
            "agentbus_telemetry_action_executions", "Actions that ended.", _PAIR, registry=registry
        )
        self._failures = Counter(
            "agentbus_telemetry_action_failures", "Actions that ended badly.", _PAIR, registry=registry
        )
        self._seconds = Histogram(
            "agentbus_telemetry_action_seconds",
            "How long actions took.",
            _PAIR,
            buckets=ACTION_SECONDS,
            registry=registry,
        )
        self._running = Gauge(
            "agentbus_telemetry_actions_in_flight", "Actions that run now.", _PAIR, registry=registry
        )
        self._reached = Counter(
            "agentbus_telemetry_plan_status", "Plans that came to a status.", ["status"], registry=registry
        )
        self._open = Gauge(
            "agentbus_telemetry_plans_open", "Plans in flight, by status.", ["status"], registry=registry
        )
        self._messages = Counter(
            "agentbus_telemetry_messages", "Accepted messages, by type.", ["type"], registry=registry
        )
        self._judged = Counter(
            "agentbus_telemetry_judged_messages",
            "Messages read, by the verdict of the acceptance rule.",
            ["verdict"],
            registry=registry,
        )
        self._forgotten = Counter(
            "agentbus_telemetry_plans_forgotten",
            "Plans in flight forgotten for want of room.",
            registry=registry,
        )

    def judged(self, verdict: Verdict) -> None:
        """Counts a message by its verdict."""
        self._one(self._judged, verdict.value).inc()

    def message(self, message_type: str) -> None:
        """Counts an accepted message; types outside the contract are `other`."""
        self._one(self._messages, message_type if message_type in PAYLOADS else OTHER).inc()

    def running(self, pair: Pair, change: int) -> None:
        """Changes how many actions are in flight."""
        self._one(self._running, *pair).inc(change)

    def executed(self, pair: Pair, seconds: float | None, *, failed: bool) -> None:
        """Counts an action that ended. Failures start at 0, so that a first one shows in a rate."""
        self._one(self._executions, *pair).inc()
        self._one(self._failures, *pair).inc(1 if failed else 0)
        if seconds is not None:
            self._one(self._seconds, *pair).observe(seconds)

    def reached(self, status: str) -> None:
        """Counts a plan that came to a status."""
        self._one(self._reached, status).inc()

    def open_plans(self, status: str, change: int) -> None:
        """Changes how many plans in flight have a status."""
        self._one(self._open, status).inc(change)

    def forgotten(self) -> None:
        """Counts a plan in flight that was forgotten."""
        self._forgotten.inc()

    def _one(self, metric: M, *labels: str) -> M:
        """Returns the metric with these labels. Looking it up in the metric takes several times as long."""
        known = self._children.get((metric, labels))
        if known is None:
            known = self._children[metric, labels] = metric.labels(*labels)
        return cast("M", known)
