"""The last ten minutes of every instance, from the scraper's memory (H3). Pure. For `routes`."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from agentbus.contracts.http.alerts import HealthHistory, HealthLine, HealthMetric
from agentbus.contracts.timestamps import format_timestamp
from agentbus.telemetry.alerts.samples import growth, quantile, value
from agentbus.telemetry.alerts.scraping import EVERY_SECONDS, WINDOW_SECONDS, Process, Snapshot

STEP_SECONDS: Final = 30
_STEPS: Final = round(WINDOW_SECONDS / STEP_SECONDS)


def recent_health(processes: Iterable[Process], now: datetime) -> HealthHistory:
    """Returns each instance's metrics at steps of `STEP_SECONDS`; None where it did not answer."""
    last = math.ceil(now.timestamp() / STEP_SECONDS) * STEP_SECONDS
    ends = [datetime.fromtimestamp(last - STEP_SECONDS * back, UTC) for back in reversed(range(_STEPS))]
    measured = (
        HealthLine(metric=metric, instance=process.instance, values=_over(process, ends, measure))
        for process in processes
        for metric, measure in _METRICS.items()
    )
    lines = [line for line in measured if any(each is not None for each in line.values)]
    return HealthHistory(times=[format_timestamp(end) for end in ends], lines=lines)


Measure = Callable[[Sequence[Snapshot]], float | None]
_LOOKS_BACK: Final = timedelta(seconds=STEP_SECONDS + EVERY_SECONDS)
"""A step and the word before it: growth is between two."""


def _over(process: Process, ends: Sequence[datetime], measure: Measure) -> list[float | None]:
    return [
        measure([each for each in process.snapshots if timedelta(0) <= end - each.at <= _LOOKS_BACK])
        for end in ends
    ]


def _newest(name: str) -> Measure:
    return lambda said: value(said[-1].samples, name) if said else None


def _loop_delay(said: Sequence[Snapshot]) -> float | None:
    return quantile(growth(said, "agentbus_process_event_loop_delay_seconds_bucket", WINDOW_SECONDS), 0.99)


_METRICS: Final[dict[HealthMetric, Measure]] = {
    "memory_bytes": _newest("agentbus_process_memory_bytes"),
    "lag_records": _newest("agentbus_bus_lag_records"),
    "event_loop_delay_seconds": _loop_delay,
}
