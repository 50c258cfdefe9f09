"""Which spans are recorded, and those: OpenTelemetry's `Span`, with no more work than it takes (0043).

Called by `tracing`; recorded spans are read by `otlp` once they have ended. An exception that code not ours
records on one is told without its message, as everywhere.
"""

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from random import getrandbits
from typing import Any, Final, NamedTuple

from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

_IDS: Final = 1 << 64
_RECORDED: Final = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
_UNRECORDED: Final = TraceFlags(TraceFlags.RANDOM_TRACE_ID)


class Event(NamedTuple):
    """Something that happened at one moment of a span; `time` is in ns since the epoch."""

    name: str
    time: int
    attributes: Mapping[str, Any]


class RecordedSpan(Span):
    """From its beginning to `end`, which hands it to `taken`; after that it does not change any more.

    `started` and `ended` are in ns since the epoch; `ended` is 0 until then. Attributes are kept as given.
    """

    __slots__ = (
        "_taken",
        "attributes",
        "context",
        "ended",
        "events",
        "kind",
        "links",
        "name",
        "parent",
        "started",
        "status",
    )

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        context: SpanContext,
        parent: SpanContext | None,
        links: list[SpanContext],
        attributes: dict[str, Any],
        started: int,
        taken: Callable[["RecordedSpan"], None],
    ) -> None:
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        self.links = links
        self.attributes = attributes
        self.started = started
        self.ended = 0
        self.events: list[Event] = []
        self.status: Status | None = None
        self._taken = taken

    def get_span_context(self) -> SpanContext:
        """Returns its ids."""
        return self.context

    def is_recording(self) -> bool:
        """Tells whether it has not ended yet."""
        return not self.ended

    def end(self, end_time: int | None = None) -> None:
        """Ends it, now or at `end_time`; only the first call counts."""
        if not self.ended:
            self.ended = end_time or time.time_ns()
            self._taken(self)

    def set_attribute(self, key: str, value: Any) -> None:
        """Sets one attribute."""
        if not self.ended:
            self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Sets several."""
        if not self.ended:
            self.attributes.update(attributes)

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Adds what happened now, or at `timestamp`."""
        if not self.ended:
            self.events.append(Event(name, timestamp or time.time_ns(), attributes or {}))

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """Links it to another span; attributes of links are not kept."""
        if not self.ended:
            self.links.append(context)

    def update_name(self, name: str) -> None:
        """Renames it."""
        if not self.ended:
            self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Says how it went; the last call holds."""
        if not self.ended:
            self.status = status if isinstance(status, Status) else Status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002  as OpenTelemetry has it
    ) -> None:
        """Adds an error as an event: its type and where it came from, not what it says."""
        told = {"exception.type": type(exception).__name__, "exception.stacktrace": origin(exception)}
        self.add_event("exception", {**(attributes or {}), **told}, timestamp)


Take = Callable[[RecordedSpan], None]


class Traces:
    """Begins spans. Recorded are `sample_ratio` of the traces that begin here, and of the others those whose
    caller says so; each span that has ended is given to `take`. Without `take` nothing is recorded here.
    """

    def __init__(self, sample_ratio: float, take: Take | None) -> None:
        self._below = round(sample_ratio * _IDS)
        self._take = take

    def begin(
        self,
        name: str,
        kind: SpanKind,
        above: SpanContext,
        links: Iterable[SpanContext],
        attributes: Mapping[str, Any],
        started: int | None,
    ) -> Span:
        """Begins a span now or at `started`, under `above` or, where that is not valid, in a new trace.

        Attributes that are None are left out.
        """
        trace_id, flags = (above.trace_id, above.trace_flags) if above.is_valid else self._begun()
        context = SpanContext(trace_id, new_span_id(), is_remote=False, trace_flags=flags)
        if self._take is None or not flags.sampled:
            return NonRecordingSpan(context)
        parent = above if above.is_valid else None
        given = {key: value for key, value in attributes.items() if value is not None}
        began = started or time.time_ns()
        return RecordedSpan(name, kind, context, parent, list(links), given, began, self._take)

    def _begun(self) -> tuple[int, TraceFlags]:
        trace_id = new_trace_id()
        # By its lower half, as OpenTelemetry's `TraceIdRatioBased` decides.
        return trace_id, _RECORDED if trace_id % _IDS < self._below else _UNRECORDED


def new_trace_id() -> int:
    """Returns an id by chance that is not 0."""
    return getrandbits(128) or 1


def new_span_id() -> int:
    """Returns an id by chance that is not 0."""
    return getrandbits(64) or 1


def origin(error: BaseException | None) -> str:
    """Returns types and frames of the error and its causes, the first cause first, not what they say."""
    told: list[str] = []
    while error is not None:
        told.append(f"{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(told))
