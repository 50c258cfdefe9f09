"""Spans on their way: sampled, bounded, counted; a collector that hangs or refuses holds up nobody (H1)."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest
from prometheus_client import REGISTRY
from support.eventually import eventually
from support.otlp_receiver import receiving

from agentbus.observability import tracing
from agentbus.observability.exporting import Export
from agentbus.observability.recording import RecordedSpan, Traces

UNRECORDED = "00-" + "1" * 32 + "-" + "a" * 16 + "-00"
RECORDED = "00-" + "2" * 32 + "-" + "b" * 16 + "-01"


class Hanging:
    """A collector that takes what it is given and does not answer until it is let go."""

    def __init__(self, *, takes: bool = True) -> None:
        self.given: list[RecordedSpan] = []
        self.let_go = threading.Event()
        self._takes = takes

    def send(self, spans: Sequence[RecordedSpan]) -> bool:
        self.given += spans
        self.let_go.wait(60)
        return self._takes


@contextmanager
def installed(export: Export) -> Iterator[None]:
    before = tracing._Installed.traces
    tracing._Installed.traces = Traces(1.0, export.take)
    try:
        yield
    finally:
        tracing._Installed.traces = before
        export.close()


@contextmanager
def configured(endpoint: str | None = None, sample_ratio: float = 1.0) -> Iterator[None]:
    before = tracing._Installed.traces
    tracing.install("svc", "one", endpoint, sample_ratio=sample_ratio)
    try:
        yield
    finally:
        tracing.shutdown()
        tracing._Installed.traces = before


def count(outcome: str) -> float:
    return REGISTRY.get_sample_value("agentbus_tracing_spans_total", {"outcome": outcome}) or 0.0


def make(number: int) -> None:
    for _ in range(number):
        with tracing.span("work"):
            pass


async def test_what_a_hanging_collector_does_not_take_is_dropped_and_counted() -> None:
    collector = Hanging()
    dropped, sent = count("dropped"), count("sent")
    with installed(Export(collector.send, queue_spans=100)):
        make(1000)
        assert count("dropped") - dropped == 900
        collector.let_go.set()
        await eventually(partial(_counted, "sent", sent + 100), within=60)
        make(50)  # there is room again
    assert count("dropped") - dropped == 900
    assert len(collector.given) == 150


async def test_what_a_collector_refuses_is_counted_and_leaves_room() -> None:
    collector = Hanging(takes=False)
    collector.let_go.set()
    refused = count("not_taken")
    with installed(Export(collector.send, queue_spans=10)):
        for so_far in (10, 20, 30):
            make(10)
            await eventually(partial(_counted, "not_taken", refused + so_far), within=60)


async def test_of_the_traces_that_begin_here_a_part_is_recorded_and_of_others_what_they_say() -> None:
    with receiving() as receiver:
        with configured(receiver.url, sample_ratio=0.5):
            for _ in range(400):
                with tracing.span("root"), tracing.span("inner"):
                    pass
            for parent in (RECORDED, UNRECORDED):
                with tracing.span("called", parent=parent), tracing.span("within"):
                    tracing.record("told later", "client", 0.1)
        names = [span.name for span in receiver.spans]
    assert 100 < names.count("root") < 300
    assert names.count("inner") == names.count("root")
    called = [span for span in receiver.spans if span.trace_id == "2" * 32]
    assert sorted(span.name for span in called) == ["called", "told later", "within"]
    assert not [span for span in receiver.spans if span.trace_id == "1" * 32]
    assert {span.service for span in receiver.spans} == {"svc"}


def test_without_a_collector_nothing_is_recorded_and_ids_go_on() -> None:
    with configured(), tracing.span("root") as current:
        assert not current.is_recording()
        assert tracing.exemplar() is None
        trace_id, _ = tracing.trace_and_span_ids()
        with tracing.span("inner"):
            assert tracing.trace_and_span_ids()[0] == trace_id
            sampled = int((tracing.traceparent() or "")[-2:], 16) & 1  # the other bits say other things
            assert not sampled


def _counted(outcome: str, wanted: float) -> None:
    assert count(outcome) == wanted


@pytest.mark.parametrize(
    ("parents", "first"),
    [
        ([], None),
        ([None], None),
        ([None, UNRECORDED], UNRECORDED),
        ([UNRECORDED, None, RECORDED], RECORDED),
    ],
)
def test_a_batch_goes_on_from_the_first_that_is_recorded(
    parents: list[str | None], first: str | None
) -> None:
    assert tracing.first_recorded(parents) == first
