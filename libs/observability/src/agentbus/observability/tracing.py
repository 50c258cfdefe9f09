"""Traces: spans always have ids, with or without an exporter, and cross the bus as W3C `traceparent`.

Called by every service and by the bus. Source of the format: W3C Trace Context, level 1. Spans hold ids,
sizes and outcomes, never content: of an error its types and where it came from, not what it says.
"""

import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Final, Literal

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agentbus.observability import exporting

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attribute = str | float | bool | None
TRACEPARENT: Final = "traceparent"
STOP_SECONDS: Final = 2.0
MAX_LINKS: Final = 128
_TRACE_ID: Final = slice(3, 35)
_FLAGS: Final = slice(53, 55)
_SAMPLED: Final = frozenset(f"{flags:02x}" for flags in range(1, 256, 2))

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_IDS: Final = RandomIdGenerator()
_KINDS: Final = {kind.name.lower(): kind for kind in SpanKind}


class _Installed:
    """The provider in use. Until `install` is called it has no exporter, but its spans have ids."""

    provider: TracerProvider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)
    tracer: Tracer = provider.get_tracer("agentbus")

    @classmethod
    def use(cls, provider: TracerProvider) -> None:
        cls.provider, cls.tracer = provider, provider.get_tracer("agentbus")


def install(
    service: str, instance: str, otlp_endpoint: str | None = None, *, sample_ratio: float = 1.0
) -> None:
    """Makes this process' spans those of `service`; see `exporting.provider`."""
    _Installed.use(exporting.provider(service, instance, otlp_endpoint, sample_ratio))


@contextmanager
def span(
    name: str,
    kind: Kind = "internal",
    parent: str | None = None,
    links: Iterable[str | None] = (),
    **attributes: Attribute,
) -> Iterator[Span]:
    """Runs the block in a span under `parent` (a traceparent), else the current one, else in a new trace.

    `links` (traceparents) are what else the block works for, as a batch does: one of each other trace is
    kept, up to `MAX_LINKS`. An exception marks the span as failed and goes on. Attributes that are None are
    left out. Names are data: contracts/telemetry/spans.yaml.
    """
    current = _begun(name, kind, parent, links, attributes)
    token = attach(trace.set_span_in_context(current))
    try:
        yield current
    except Exception as error:
        _fail(current, error)
        raise
    finally:
        detach(token)
        current.end()


def record(
    name: str,
    kind: Kind,
    seconds: float,
    *,
    parent: str | None = None,
    links: Iterable[str | None] = (),
    error: BaseException | None = None,
    failure: str | None = None,
    **attributes: Attribute,
) -> None:
    """Records as a span what took `seconds` and has just ended; else as `span`.

    For what is only told when it is over: hooks of drivers, what ends in another task than it began in. It
    failed with `error`, or with what `failure` names.
    """
    ended = time.time_ns()
    current = _begun(name, kind, parent, links, attributes, ended - int(seconds * 1e9))
    if error is not None:
        _fail(current, error)
    elif failure is not None:
        _failed(current, failure)
    current.end(ended)


def _begun(
    name: str,
    kind: Kind,
    parent: str | None,
    links: Iterable[str | None],
    attributes: dict[str, Attribute],
    start_time: int | None = None,
) -> Span:
    context = _context(parent)
    above = trace.get_current_span(context).get_span_context()
    if above.is_valid and not above.trace_flags.sampled:
        # As the SDK does for a parent that is not sampled, without the work before it.
        own_id = _IDS.generate_span_id()
        return NonRecordingSpan(
            SpanContext(above.trace_id, own_id, is_remote=False, trace_flags=above.trace_flags)
        )
    given = {key: value for key, value in attributes.items() if value is not None}
    return _Installed.tracer.start_span(
        name, context, _KINDS[kind], given, list(_links(links, above.trace_id)), start_time=start_time
    )


def _fail(current: Span, error: BaseException) -> None:
    if current.is_recording():
        kind = type(error).__name__
        current.add_event("exception", {"exception.type": kind, "exception.stacktrace": _origin(error)})
        _failed(current, kind)


def _failed(current: Span, kind: str) -> None:
    current.set_attribute("error.type", kind)
    current.set_status(Status(StatusCode.ERROR, kind))


def _origin(error: BaseException | None) -> str:
    """Returns types and frames of the error and its causes, the first cause first, not what they say."""
    told: list[str] = []
    while error is not None:
        told.append(f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(told))


def _links(parents: Iterable[str | None], own_trace_id: int) -> Iterator[Link]:
    by_trace = {parent[_TRACE_ID]: parent for parent in parents if parent is not None}
    by_trace.pop(f"{own_trace_id:032x}", None)
    for parent in islice(by_trace.values(), MAX_LINKS):
        if (remote := _remote(parent)) is not None:
            yield Link(remote)


def _context(parent: str | None) -> Context | None:
    if parent is None or (remote := _remote(parent)) is None:
        return None
    return trace.set_span_in_context(NonRecordingSpan(remote))


@lru_cache(maxsize=2048)
def _remote(parent: str) -> SpanContext | None:
    found = trace.get_current_span(_PROPAGATOR.extract({TRACEPARENT: parent}, Context())).get_span_context()
    return found if found.is_valid else None


def traceparent() -> str | None:
    """Returns the current span as a W3C traceparent, or None outside of any span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def exemplar() -> dict[str, str] | None:
    """Returns the current span's ids, for the metric of what happens in it; None when it is not recorded."""
    context = trace.get_current_span().get_span_context()
    if not (context.is_valid and context.trace_flags.sampled):
        return None
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


def parent_in(headers: Iterable[tuple[str, bytes]]) -> str | None:
    """Returns the traceparent among a record's headers; what is no ASCII text counts as none."""
    for name, value in headers:
        if name == TRACEPARENT:
            return value.decode("ascii", errors="replace")
    return None


def first_recorded(parents: Iterable[str | None]) -> str | None:
    """Returns under whose span a batch is worked on: the first whose trace is recorded, else the first."""
    given = [parent for parent in parents if parent is not None]
    recorded = (parent for parent in given if parent[_FLAGS] in _SAMPLED)
    return next(recorded, given[0] if given else None)


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
