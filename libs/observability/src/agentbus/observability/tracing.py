"""Traces: spans always have ids, with or without an exporter, and cross the bus as W3C `traceparent`.

Called by every service and by the bus. Source of the format: W3C Trace Context, level 1. Spans hold ids,
sizes and outcomes, never content: of an error its types and where it came from, not what it says.
"""

import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Final, Literal

from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from agentbus.observability.exporting import Export
from agentbus.observability.recording import Traces, new_span_id, new_trace_id

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attribute = str | float | bool | None
TRACEPARENT: Final = "traceparent"
STOP_SECONDS: Final = 2.0
EXPORT_TIMEOUT_SECONDS: Final = 5.0
MAX_LINKS: Final = 128
_TRACE_ID: Final = slice(3, 35)
_FLAGS: Final = slice(53, 55)
_SAMPLED: Final = frozenset(f"{flags:02x}" for flags in range(1, 256, 2))

# W3C Trace Context: versions above 00 may have more fields, ff is none; ids of zeros are none.
_FORMAT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:(?<!\A00.{53})-.*)?"
)
_KINDS: Final = {kind.name.lower(): kind for kind in SpanKind}


class _Installed:
    """What is in use. Until `install` is called spans are recorded and go nowhere."""

    traces: Traces = Traces(1.0, lambda _: None)
    export: Export | None = None


def install(
    service: str, instance: str, otlp_endpoint: str | None = None, *, sample_ratio: float = 1.0
) -> None:
    """Makes this process' spans those of `service`, which go to `otlp_endpoint` (OTLP/HTTP).

    `sample_ratio` of the traces that begin here are recorded. Without an endpoint none of them is.
    """
    if not otlp_endpoint:
        _Installed.traces, _Installed.export = Traces(0.0, None), None
        return
    from agentbus.observability.otlp import Collector  # slow, and most processes have no collector

    resource = Resource.create({"service.name": service, "service.instance.id": instance})
    collector = Collector(otlp_endpoint, resource.attributes, EXPORT_TIMEOUT_SECONDS)
    _Installed.export = Export(collector.send)
    _Installed.traces = Traces(sample_ratio, _Installed.export.take)


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


@contextmanager
def within(parent: str | None) -> Iterator[None]:
    """Runs the block in the span that `parent` names, here or elsewhere; None: in the current one."""
    remote = _remote(parent) if parent else None
    token = attach(trace.set_span_in_context(NonRecordingSpan(remote))) if remote else None
    try:
        yield
    finally:
        if token is not None:
            detach(token)


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
    started: int | None = None,
) -> Span:
    above = (_remote(parent) if parent else None) or trace.get_current_span().get_span_context()
    linked = _links(links, above.trace_id)
    return _Installed.traces.begin(name, _KINDS[kind], above, linked, attributes, started)


def _fail(current: Span, error: BaseException) -> None:
    if current.is_recording():
        current.record_exception(error)
        _failed(current, type(error).__name__)


def _failed(current: Span, kind: str) -> None:
    current.set_attribute("error.type", kind)
    current.set_status(Status(StatusCode.ERROR, kind))


def _links(parents: Iterable[str | None], own_trace_id: int) -> Iterator[SpanContext]:
    by_trace = {parent[_TRACE_ID]: parent for parent in parents if parent is not None}
    by_trace.pop(f"{own_trace_id:032x}", None)
    for parent in islice(by_trace.values(), MAX_LINKS):
        if (remote := _remote(parent)) is not None:
            yield remote


@lru_cache(maxsize=2048)
def _remote(parent: str) -> SpanContext | None:
    if (found := _FORMAT.fullmatch(parent)) is None:
        return None
    trace_id, span_id, flags = (int(each, 16) for each in found.groups())
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))


def traceparent() -> str | None:
    """Returns the current span as a W3C traceparent, or None outside of any span."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def unrecorded() -> str:
    """Returns a traceparent of the current trace, or a new one, from which nothing goes on that is recorded.

    For what happens many times a second and says nothing in a trace.
    """
    trace_id, span_id = trace_and_span_ids()
    return f"00-{trace_id}-{span_id}-00"


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
    return trace.format_trace_id(new_trace_id()), trace.format_span_id(new_span_id())


def shutdown() -> None:
    """Sends what is waiting and stops the exporter; gives up after `STOP_SECONDS`."""
    export, _Installed.export = _Installed.export, None
    if export is not None:
        # The collector may take connections and say nothing.
        stopping = threading.Thread(target=export.close, name="tracing-stop", daemon=True)
        stopping.start()
        stopping.join(STOP_SECONDS)
