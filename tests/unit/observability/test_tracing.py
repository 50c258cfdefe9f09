"""Traces: ids always exist, cross the bus as traceparent, and a collector that is away slows nobody."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentbus.observability import tracing

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@pytest.fixture
def _own_provider() -> Iterator[None]:
    before = tracing._Installed.traces
    yield
    tracing._Installed.traces = before


def test_a_batch_is_linked_to_each_trace_that_it_works_for_once() -> None:
    first, second = "00-" + "1" * 32 + "-" + "a" * 16 + "-01", "00-" + "2" * 32 + "-" + "b" * 16 + "-01"
    again = "00-" + "1" * 32 + "-" + "c" * 16 + "-01"
    with tracing.span("store", kind="consumer", links=[first, None, second, again, "nonsense"]) as current:
        links = current.links  # type: ignore[attr-defined]
    assert [f"{link.trace_id:032x}" for link in links] == ["1" * 32, "2" * 32]


def test_a_failure_is_recorded_with_its_origin_and_without_what_it_says() -> None:
    content = "what-a-user-wrote"
    with pytest.raises(ValueError, match=content), tracing.span("read") as current:
        try:
            Path(content).read_text()
        except FileNotFoundError as error:
            raise ValueError(f"cannot read {content}") from error
    assert current.status.status_code.name == "ERROR"  # type: ignore[attr-defined]
    (event,) = current.events  # type: ignore[attr-defined]
    assert event.attributes["exception.type"] == "ValueError"
    origin = event.attributes["exception.stacktrace"]
    assert "test_a_failure_is_recorded" in origin
    assert origin.index("FileNotFoundError") < origin.index("ValueError")
    told = f"{current.status.description}{dict(event.attributes)}{dict(current.attributes)}"  # type: ignore[attr-defined]
    assert content not in told


def test_ids_exist_outside_of_any_span() -> None:
    first, second = tracing.trace_and_span_ids(), tracing.trace_and_span_ids()
    assert re.fullmatch(r"[0-9a-f]{32}", first[0])
    assert re.fullmatch(r"[0-9a-f]{16}", first[1])
    assert first != second
    assert tracing.traceparent() is None


def test_a_trace_goes_on_across_the_bus() -> None:
    with tracing.span("publish", kind="producer"):
        sent = tracing.traceparent()
        trace_id, _ = tracing.trace_and_span_ids()
    assert sent is not None
    assert TRACEPARENT.fullmatch(sent)
    received = tracing.parent_in([("schema", b"message.v1"), ("traceparent", sent.encode())])
    with tracing.span("consume", kind="consumer", parent=received) as current:
        assert tracing.trace_and_span_ids()[0] == trace_id
        parent = current.parent  # type: ignore[attr-defined]
        assert f"{parent.span_id:016x}" == sent.split("-")[2]


def test_what_goes_on_elsewhere_is_under_the_span_that_it_is_told() -> None:
    with tracing.span("begin"):
        begun = tracing.traceparent()
    with tracing.within(begun):
        assert tracing.traceparent() == begun
        with tracing.within(None):
            assert tracing.traceparent() == begun
    assert tracing.traceparent() is None


def test_from_what_happens_too_often_nothing_goes_on_that_is_recorded() -> None:
    with tracing.span("answer"):
        trace_id, _ = tracing.trace_and_span_ids()
        often = tracing.unrecorded()
    with tracing.within(often), tracing.span("chunk") as current:
        assert not current.is_recording()
        assert tracing.trace_and_span_ids()[0] == trace_id
    assert tracing.unrecorded() != tracing.unrecorded(), "outside of any span each is of a trace of its own"


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        ("00-" + "1" * 32 + "-" + "a" * 16 + "-01", True),
        ("00-" + "1" * 32 + "-" + "a" * 16 + "-01-more", False),
        ("cc-" + "1" * 32 + "-" + "a" * 16 + "-01-more", True),
        ("cc-" + "1" * 32 + "-" + "a" * 16 + "-01more", False),
        ("ff-" + "1" * 32 + "-" + "a" * 16 + "-01", False),
        ("00-" + "1" * 32 + "-" + "0" * 16 + "-01", False),
        ("00-" + "A" * 32 + "-" + "a" * 16 + "-01", False),
    ],
)
def test_a_traceparent_is_read_as_w3c_has_it(given: str, *, valid: bool) -> None:
    with tracing.span("called", parent=given):
        assert (tracing.trace_and_span_ids()[0] == "1" * 32) == valid


@pytest.mark.parametrize("broken", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ÿ"])
def test_a_broken_traceparent_begins_a_new_trace(broken: str) -> None:
    with tracing.span("consume", parent=broken):
        assert tracing.trace_and_span_ids()[0] != "0" * 32


def test_headers_that_are_no_text_are_no_parent() -> None:
    received = tracing.parent_in([("traceparent", b"\xff\xfe")])
    with tracing.span("consume", parent=received):
        assert tracing.traceparent() is not None
    assert tracing.parent_in([]) is None


def test_an_error_marks_the_span_and_goes_on() -> None:
    with pytest.raises(ValueError, match="no"), tracing.span("fails", plan_id=None, count=1) as current:
        raise ValueError("no")
    assert current.status.is_ok is False  # type: ignore[attr-defined]
    assert dict(current.attributes) == {"count": 1, "error.type": "ValueError"}  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_own_provider")
def test_a_collector_that_never_answers_slows_no_span() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing.install("svc", "i1", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.perf_counter()
        for _ in range(6_000):  # more than the queue holds
            with tracing.span("work"):
                pass
        assert time.perf_counter() - began < 20  # waiting for the collector would take a minute
        began = time.perf_counter()
        tracing.shutdown()
        assert time.perf_counter() - began < tracing.STOP_SECONDS + 5
