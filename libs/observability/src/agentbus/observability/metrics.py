"""Metrics: prometheus-client's default registry, names `agentbus_<service>_<what>_<unit>`.

Each service declares its metrics in its `instruments.py`; the chassis serves them on `/metrics`.
"""

from typing import Final

from prometheus_client import REGISTRY, Histogram
from prometheus_client.exposition import choose_encoder

from agentbus.observability.tracing import exemplar

REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Buckets for what a person or a program waits for."""

ACTION_SECONDS: Final = (
    0.01,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    900.0,
    3600.0,
)
"""Buckets for what an agent does."""


def observe(histogram: Histogram, value: float) -> None:
    """Observes `value`, with the current trace as its exemplar where that is recorded."""
    histogram.observe(value, exemplar())


def exposition(accept: str = "") -> tuple[bytes, str]:
    """Returns all metrics of this process and their content type, in a format that `accept` names.

    OpenMetrics, which alone has exemplars, for whoever asks for it, as Prometheus does; else plain text.
    """
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type
