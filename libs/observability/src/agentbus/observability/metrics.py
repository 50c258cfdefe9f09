"""Metrics: prometheus-client's default registry, names `agentbus_<service>_<what>_<unit>`.

Each service declares its metrics in its `instruments.py`; the chassis serves them on `/metrics`.
"""

from typing import Final

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

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


def exposition() -> tuple[bytes, str]:
    """Returns all metrics of this process in Prometheus' text format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
