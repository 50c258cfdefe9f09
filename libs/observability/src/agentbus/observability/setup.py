"""One call that makes a process observable. Called by each service's `__main__`, first of all."""

import os
import socket

from prometheus_client import Info, disable_created_metrics

from agentbus.observability import log, tracing

_PROCESS = Info("agentbus_process", "Which service and instance this process is.")


def configure(
    service: str,
    *,
    level: str = "INFO",
    format: log.Format = "json",  # noqa: A002
    otlp_endpoint: str | None = None,
    trace_sample_ratio: float = 1.0,
    instance: str | None = None,
) -> None:
    """Sets up logs, traces and the process' identity in metrics. The last call holds."""
    name = instance or default_instance()
    log.install(service, name, level=level, format=format)
    tracing.install(service, name, otlp_endpoint, sample_ratio=trace_sample_ratio)
    disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series and nothing reads them
    _PROCESS.info({"service": service, "instance": name})


def default_instance() -> str:
    """Returns a name for this process that no other process on the network has at the same time."""
    return f"{socket.gethostname()}-{os.getpid()}"
