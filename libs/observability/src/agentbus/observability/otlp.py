"""Spans on the wire: OTLP/HTTP with protobuf, by the official definitions and the SDK's own HTTP client.

Source: OpenTelemetry Protocol 1. Called by `exporting`, in its thread. Imported late: it is slow to import,
and most processes have no collector.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.trace import SpanContext, SpanKind

from agentbus.observability.recording import RecordedSpan

SCOPE: Final = "agentbus"
_KINDS: Final = {
    SpanKind.INTERNAL: trace_pb2.Span.SPAN_KIND_INTERNAL,
    SpanKind.SERVER: trace_pb2.Span.SPAN_KIND_SERVER,
    SpanKind.CLIENT: trace_pb2.Span.SPAN_KIND_CLIENT,
    SpanKind.PRODUCER: trace_pb2.Span.SPAN_KIND_PRODUCER,
    SpanKind.CONSUMER: trace_pb2.Span.SPAN_KIND_CONSUMER,
}
_LOCAL: Final = int(trace_pb2.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
_REMOTE: Final = _LOCAL | int(trace_pb2.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)


class Collector(OTLPSpanExporter):
    """A collector's OTLP/HTTP address; headers, certificates and compression as OTEL_EXPORTER_OTLP_… say."""

    def __init__(self, endpoint: str, resource: Mapping[str, Any], timeout_seconds: float) -> None:
        super().__init__(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=timeout_seconds)
        self._resource = resource

    def send(self, spans: Sequence[RecordedSpan]) -> bool:
        """Sends spans, again within the timeout if need be; returns whether they were taken."""
        # The exporter's own `export` makes the same bytes, out of the SDK's spans, in five times the time.
        return self._client.export(encoded(self._resource, spans)).success


def encoded(resource: Mapping[str, Any], spans: Sequence[RecordedSpan]) -> bytes:
    """Returns the request that carries `spans`."""
    request = ExportTraceServiceRequest()
    of_process = request.resource_spans.add()
    _add_attributes(of_process.resource.attributes, resource)
    group = of_process.scope_spans.add()
    group.scope.name = SCOPE
    for span in spans:
        _add(group.spans, span)
    return bytes(request.SerializeToString())


def _add(spans: Any, span: RecordedSpan) -> None:
    context, parent = span.context, span.parent
    made = spans.add(
        trace_id=context.trace_id.to_bytes(16, "big"),
        span_id=context.span_id.to_bytes(8, "big"),
        kind=_KINDS[span.kind],
        start_time_unix_nano=span.started,
        end_time_unix_nano=span.ended,
        flags=_flags(context, parent),
    )
    made.name = _text(span.name)
    if parent is not None:
        made.parent_span_id = parent.span_id.to_bytes(8, "big")
    _add_attributes(made.attributes, span.attributes)
    for link in span.links:
        made.links.add(
            trace_id=link.trace_id.to_bytes(16, "big"),
            span_id=link.span_id.to_bytes(8, "big"),
            flags=_flags(link, link),
        )
    for event in span.events:
        told = made.events.add(name=_text(event.name), time_unix_nano=event.time)
        _add_attributes(told.attributes, event.attributes)
    if span.status is not None:
        made.status.code = span.status.status_code.value
        made.status.message = _text(span.status.description or "")


def _flags(context: SpanContext, from_where: SpanContext | None) -> int:
    """Returns the trace's own flags and, as OTLP has it, whether `from_where` is of another process."""
    return context.trace_flags | (_REMOTE if from_where is not None and from_where.is_remote else _LOCAL)


def _add_attributes(made: Any, attributes: Mapping[str, Any]) -> None:
    for key, value in attributes.items():
        _set(made.add(key=_text(key)).value, value)


def _set(made: AnyValue, value: Any) -> None:
    match value:
        case str():
            made.string_value = _text(value)
        case bool():
            made.bool_value = value
        case int() if -(2**63) <= value < 2**63:
            made.int_value = value
        case float():
            made.double_value = value
        case list() | tuple():
            for each in value:
                _set(made.array_value.values.add(), each)
        case _:
            made.string_value = _text(str(value))


def _text(value: str) -> str:
    """Returns what UTF-8 can carry of it: one lone surrogate must not cost a whole batch."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()
