"""Metrics as text (Prometheus exposition format 0.0.4), those that rules and health read; windows of them.

Pure. Lines of other metrics are passed over before they are parsed: services have thousands.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]
Samples = Mapping[str, Sequence[tuple[Labels, float]]]

READ: Final = frozenset(
    {
        "agentbus_bus_dead_lettered_total",
        "agentbus_bus_halted_partitions",
        "agentbus_bus_lag_records",
        "agentbus_disk_free_bytes",
        "agentbus_disk_size_bytes",
        "agentbus_http_requests_total",
        "agentbus_postgres_pool_connections",
        "agentbus_postgres_pool_limit",
        "agentbus_postgres_relay_oldest_seconds",
        "agentbus_process_event_loop_delay_seconds_bucket",
        "agentbus_process_info",
        "agentbus_process_memory_bytes",
        "agentbus_runner_outbox_pending_records",
        "agentbus_runner_plans_running",
        "agentbus_gateway_sockets",
        "agentbus_telemetry_action_executions_total",
        "agentbus_telemetry_action_failures_total",
        "process_start_time_seconds",
    }
)
_MOST_SERIES: Final = 20_000


class Answered(Protocol):
    """What windows are made of: what a process said, and when; None: nothing."""

    @property
    def at(self) -> datetime:
        """When it was asked."""
        ...

    @property
    def samples(self) -> Samples | None:
        """What it said."""
        ...


def parse(text: str) -> Samples:
    """Returns the samples of `READ` in `text`; what cannot be read is left out."""
    lines = [line for line in text.splitlines() if line.partition("{")[0].partition(" ")[0] in READ]
    found: dict[str, list[tuple[Labels, float]]] = {}
    for line in lines[:_MOST_SERIES]:
        try:
            for family in text_string_to_metric_families(f"{line}\n"):
                for sample in family.samples:
                    found.setdefault(sample.name, []).append((sample.labels, sample.value))
        except (ValueError, KeyError, IndexError):
            continue
    return found


class Window(NamedTuple):
    """How much counters grew, by labels, and over how long: shorter than asked for right after a start."""

    growth: Mapping[tuple[tuple[str, str], ...], float]
    seconds: float


def growth(snapshots: Iterable[Answered], name: str, seconds: float) -> Window:
    """Returns how much the counter `name` grew in the last `seconds`; a restarted process counts from 0."""
    answered = [each for each in snapshots if each.samples is not None]
    if not answered:
        return Window({}, 0.0)
    begin = answered[-1].at - timedelta(seconds=seconds)
    inside = [each for each in answered if each.at >= begin]
    grown: dict[tuple[tuple[str, str], ...], float] = {}
    before = _values(inside[0], name)
    for each in inside[1:]:
        after = _values(each, name)
        for labels, value in after.items():
            old = before.get(labels, 0.0)
            grown[labels] = grown.get(labels, 0.0) + (value - old if value >= old else value)
        before = after
    return Window(grown, (inside[-1].at - inside[0].at).total_seconds())


def _values(answered: Answered, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    found = (answered.samples or {}).get(name, ())
    return {tuple(sorted(labels.items())): value for labels, value in found}


def value(samples: Samples | None, name: str) -> float | None:
    """Returns the sum of a gauge over its labels; None: it is not there."""
    found = [each for _, each in (samples or {}).get(name, ())]
    return sum(found) if found else None


def quantile(window: Window, share: float) -> float | None:
    """Returns the upper bound of the bucket that holds the quantile; None: nothing was observed."""
    buckets: dict[float, float] = {}
    for labels, grown in window.growth.items():
        bound = float(dict(labels).get("le", "inf"))
        buckets[bound] = buckets.get(bound, 0.0) + grown
    total = buckets.get(float("inf"), 0.0)
    finite = [bound for bound in buckets if bound != float("inf")]
    if not total or not finite:
        return None
    return next((bound for bound in sorted(finite) if buckets[bound] >= share * total), max(finite))
