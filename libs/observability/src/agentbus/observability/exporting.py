"""Where spans go: sampled, held within bounds, sent by a thread of their own. Called by `tracing.install`.

Guarantee: whoever makes spans never waits. While the collector is away, hangs or is too slow, what does not
fit the queue is dropped and counted.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from agentbus.observability.instruments import SPANS

QUEUE_SPANS: Final = 4096
"""How many spans wait or are on their way to the collector at most."""

EXPORT_TIMEOUT_SECONDS: Final = 5.0


def provider(
    service: str, instance: str, otlp_endpoint: str | None = None, sample_ratio: float = 1.0
) -> TracerProvider:
    """Returns the source of the spans of `service`, which go to `otlp_endpoint` (OTLP/HTTP).

    `sample_ratio` of the traces that begin here are recorded; one that came with a traceparent is as its
    caller decided. Without an endpoint none that begins here is.
    """
    resource = Resource.create({"service.name": service, "service.instance.id": instance})
    sampler = ParentBasedTraceIdRatio(sample_ratio if otlp_endpoint else 0.0)
    made = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    if otlp_endpoint:
        made.add_span_processor(BoundedExport(_otlp(otlp_endpoint)))
    return made


def _otlp(endpoint: str) -> SpanExporter:
    # Imported here: it is slow to import, and most processes have no collector.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    url = f"{endpoint.rstrip('/')}/v1/traces"
    return OTLPSpanExporter(endpoint=url, timeout=EXPORT_TIMEOUT_SECONDS)


class BoundedExport(SpanProcessor):
    """Hands ended spans to a thread that exports them in batches; counts what became of each."""

    def __init__(self, exporter: SpanExporter, queue_spans: int = QUEUE_SPANS) -> None:
        self._limit = queue_spans
        self._waiting = 0
        self._lock = threading.Lock()
        self._dropped = SPANS.labels("dropped")
        counted = _Counted(exporter, self._left)
        self._batches = BatchSpanProcessor(
            counted, max_queue_size=queue_spans, max_export_batch_size=min(512, queue_spans)
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Takes a span in, or drops it."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._lock:
            full = self._waiting >= self._limit
            self._waiting += not full
        if full:
            self._dropped.inc()
        else:
            self._batches.on_end(span)

    def shutdown(self) -> None:
        """Sends what waits; may take long."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Sends what waits; may take long."""
        return self._batches.force_flush(timeout_millis)

    def _left(self, spans: int) -> None:
        with self._lock:
            self._waiting -= spans


class _Counted(SpanExporter):
    """An exporter that says when spans are done with, and counts how."""

    def __init__(self, inner: SpanExporter, done: Callable[[int], None]) -> None:
        self._inner = inner
        self._done = done

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE
        try:
            result = self._inner.export(spans)
        finally:
            self._done(len(spans))
            outcome = "sent" if result is SpanExportResult.SUCCESS else "not_taken"
            SPANS.labels(outcome).inc(len(spans))
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()
