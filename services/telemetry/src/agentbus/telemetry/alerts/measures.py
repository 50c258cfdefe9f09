"""What the resource rules measure of one instance, from what it said last and in the last minutes. Pure."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from agentbus.telemetry.alerts.samples import growth, quantile, value
from agentbus.telemetry.alerts.scraping import Process

RATE_SECONDS: Final = 300.0
POISON_SECONDS: Final = 600.0
_WHOLE: Final = 0.9
_LEAST_REQUESTS: Final = 20


class Measured(NamedTuple):
    """One value, and what it is of."""

    value: float
    labels: Mapping[str, str] = {}


class Look(NamedTuple):
    """What was measured; `whole`: over all of the time that the rule speaks of."""

    found: list[Measured]
    whole: bool = True


def gauge(name: str) -> Callable[[Process], Look]:
    """Returns a measure: the gauge, each of its labels' values for itself."""

    def measure(process: Process) -> Look:
        found = (process.newest.samples or {}).get(name, ())
        return Look([Measured(each, labels) for labels, each in found])

    return measure


def dead_letters(process: Process) -> Look:
    """Measures how many records were put aside in ten minutes, by topic, group and reason."""
    window = growth(process.snapshots, "agentbus_bus_dead_lettered_total", POISON_SECONDS)
    found = [Measured(grown, dict(labels)) for labels, grown in window.growth.items()]
    return Look(found, whole=window.seconds >= POISON_SECONDS * _WHOLE)


def failed_requests(process: Process) -> Look:
    """Measures the share of requests that failed in five minutes, once there were some."""
    window = growth(process.snapshots, "agentbus_http_requests_total", RATE_SECONDS)
    failed, total = request_failures(window.growth)
    found = [Measured(failed / total)] if total >= _LEAST_REQUESTS else []
    return Look(found, whole=bool(found) or window.seconds >= RATE_SECONDS * _WHOLE)


def request_failures(grown: Mapping[tuple[tuple[str, str], ...], float]) -> tuple[float, float]:
    """Returns how many requests failed by our fault, and how many there were."""
    failed = sum(each for labels, each in grown.items() if dict(labels).get("status", "").startswith("5"))
    return failed, sum(grown.values())


def loop_delay(process: Process) -> Look:
    """Measures how late the event loop was, p99 over five minutes."""
    window = growth(process.snapshots, "agentbus_process_event_loop_delay_seconds_bucket", RATE_SECONDS)
    found = quantile(window, 0.99)
    return Look([] if found is None else [Measured(found)], whole=found is not None)


def pool(process: Process) -> Look:
    """Measures the share of the connections to PostgreSQL that are used."""
    connections = (process.newest.samples or {}).get("agentbus_postgres_pool_connections", ())
    used = sum(each for labels, each in connections if labels.get("state") == "used")
    most = value(process.newest.samples, "agentbus_postgres_pool_limit")
    return Look([Measured(used / most)] if most else [])


def disk(process: Process) -> Look:
    """Measures the free share of each volume."""
    samples = process.newest.samples or {}
    sizes = {labels.get("volume", ""): each for labels, each in samples.get("agentbus_disk_size_bytes", ())}
    free = samples.get("agentbus_disk_free_bytes", ())
    return Look(
        [
            Measured(each / sizes[volume], {"volume": volume})
            for labels, each in free
            if sizes.get(volume := labels.get("volume", ""))
        ]
    )


def down(process: Process) -> Look:
    """Measures whether the instance was away: 1 when it did not answer."""
    return Look([Measured(1.0 if process.newest.samples is None else 0.0)])
