"""Traces: spans always have ids, with or without an exporter, and cross the bus as W3C `traceparent`.

Called by every service and by the bus. Source of the format: W3C Trace Context, level 1. The exporter works
in its own thread over a bounded queue: when the collector is away, spans are dropped and nothing waits.
"""

import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final, Literal

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agentbus.observability.redaction import redact_text

Kind = Literal["internal", "server", "client", "producer", "consumer"]
TRACEPARENT: Final = "traceparent"
EXPORT_TIMEOUT_SECONDS: Final = 5.0
STOP_SECONDS: Final = 2.0
MAX_LINKS: Final = 128
_TRACE_ID: Final = slice(3, 35)

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_IDS: Final = RandomIdGenerator()


class _Installed:
    """The provider in use. Until `install` is called it has no exporter, but its spans have ids."""

    provider: TracerProvider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)


def install(service: str, instance: str, otlp_endpoint: str | None = None) -> None:
    """Makes this process' spans those of `service`; sends them to `otlp_endpoint` (OTLP/HTTP) if set."""
    resource = Resource.create({"service.name": service, "service.instance.id": instance})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    if otlp_endpoint:
        _export(provider, otlp_endpoint)
    _Installed.provider = provider


def _export(provider: TracerProvider, endpoint: str) -> None:
    # Imported here: it is slow to import, and most processes have no collector.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    url = f"{endpoint.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_TIMEOUT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4096))


@contextmanager
def span(
    name: str,
    kind: Kind = "internal",
    parent: str | None = None,
    links: Iterable[str | None] = (),
    **attributes: str | float | bool | None,
) -> Iterator[Span]:
    """Runs the block in a span under `parent` (a traceparent), else the current one, else in a new trace.

    `links` (traceparents) are what else the block works for, as a batch does: one of each trace is kept, up
    to `MAX_LINKS`. An exception marks the span as failed, is recorded in it and goes on. Attributes that are
    None are left out. Names are data: contracts/telemetry/spans.yaml.
    """
    given = {key: value for key, value in attributes.items() if value is not None}
    tracer = _Installed.provider.get_tracer("agentbus")
    with tracer.start_as_current_span(
        name,
        _context(parent),
        SpanKind[kind.upper()],
        given,
        list(_links(links)),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            _fail(current, error)
            raise


def _fail(current: Span, error: Exception) -> None:
    message = redact_text(str(error))
    stack = redact_text("".join(traceback.format_exception(error)))
    current.record_exception(error, {"exception.message": message, "exception.stacktrace": stack})
    current.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {message}"))


def _links(parents: Iterable[str | None]) -> Iterator[Link]:
    by_trace = {parent[_TRACE_ID]: parent for parent in parents if parent is not None}
    for parent in islice(by_trace.values(), MAX_LINKS):
        if (context := _context(parent)) is not None:
            yield Link(trace.get_current_span(context).get_span_context())


def _context(parent: str | None) -> Context | None:
    if parent is None:
        return None
    remote = _PROPAGATOR.extract({TRACEPARENT: parent})
    return remote if trace.get_current_span(remote).get_span_context().is_valid else None


def traceparent() -> str | None:
    """Returns the current span as a W3C traceparent, or None outside of any span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(TRACEPARENT)


def parent_in(headers: Iterable[tuple[str, bytes]]) -> str | None:
    """Returns the traceparent among a record's headers; what is no ASCII text counts as none."""
    for name, value in headers:
        if name == TRACEPARENT:
            return value.decode("ascii", errors="replace")
    return None


def trace_and_span_ids() -> tuple[str, str]:
    """Returns the current trace id and span id as hex; fresh ones outside of any span. Always valid."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)
    return (
        trace.format_trace_id(_IDS.generate_trace_id()),
        trace.format_span_id(_IDS.generate_span_id()),
    )


def shutdown() -> None:
    """Sends what is waiting and stops the exporter; gives up after `STOP_SECONDS`."""
    # The SDK's own shutdown waits for half a minute when the collector takes connections and says nothing.
    stopping = threading.Thread(target=_Installed.provider.shutdown, name="tracing-stop", daemon=True)
    stopping.start()
    stopping.join(STOP_SECONDS)
