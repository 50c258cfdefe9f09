"""An OTLP/HTTP receiver: takes spans as any collector does, and gives those of the traces that tests ask for.

Source: OpenTelemetry Protocol 1, OTLP/HTTP with protobuf. Real bytes over real HTTP, decoded with the
official definitions; in `make observe` a real Collector stands before it. Called by `system`.
"""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

MOST_SPANS: Final = 200_000


@dataclass(frozen=True)
class Received:
    """A span as it came in: ids in hex, the service that sent it, and whose span it goes on from."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, Any]
    failed: bool

    @property
    def label(self) -> str:
        """The service and the name."""
        return f"{self.service}: {self.name}"


@dataclass
class Receiver:
    """What has come in so far; `url` is what services are given as their OTLP endpoint."""

    url: str = ""
    spans: list[Received] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Decodes a request and keeps its spans, as long as there is room."""
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = str(_values(resource.resource.attributes).get("service.name", ""))
            for scope in resource.scope_spans:
                if len(self.spans) < MOST_SPANS:
                    self.spans += [_received(service, span) for span in scope.spans]

    def of_trace(self, trace_id: str) -> list[Received]:
        """Returns the spans of a trace, and those of other traces that are linked to it."""
        return [
            span
            for span in list(self.spans)
            if span.trace_id == trace_id or any(trace == trace_id for trace, _ in span.links)
        ]

    def edges(self, trace_id: str) -> set[tuple[str, str]]:
        """Returns who goes on from whom in a trace, as pairs of `Received.label`: by parents and by links."""
        spans = self.of_trace(trace_id)
        labels = {span.span_id: span.label for span in spans}
        return {
            (labels[before], span.label)
            for span in spans
            for before in (span.parent_id, *(link for _, link in span.links))
            if before in labels
        }


def _received(service: str, span: Span) -> Received:
    return Received(
        service,
        span.name,
        Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        _values(span.attributes)
        | {f"event.{event.name}": _values(event.attributes) for event in span.events},
        span.status.code == Status.STATUS_CODE_ERROR,
    )


def _values(attributes: Any) -> dict[str, Any]:
    pairs: list[KeyValue] = list(attributes)
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Runs a receiver on a free port of loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.take(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, name="otlp-receiver", daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
