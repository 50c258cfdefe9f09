"""Spans as bytes: what a collector reads is what was recorded, whatever callers set on a span (H1)."""

from typing import Any

from opentelemetry.trace import SpanContext, StatusCode, TraceFlags
from support.otlp_receiver import Receiver

from agentbus.observability import otlp, tracing
from agentbus.observability.recording import RecordedSpan, Traces

ABOVE = "00-" + "2" * 32 + "-" + "b" * 16 + "-01"
OTHER = "00-" + "3" * 32 + "-" + "c" * 16 + "-01"


def received(spans: list[RecordedSpan]) -> Receiver:
    receiver = Receiver()
    receiver.take(otlp.encoded({"service.name": "svc"}, spans))
    return receiver


def begun(name: str = "work", **attributes: Any) -> RecordedSpan:
    before = tracing._Installed.traces
    ended: list[RecordedSpan] = []
    tracing._Installed.traces = Traces(1.0, ended.append)
    try:
        with tracing.span(name, "producer", parent=ABOVE, links=[ABOVE, OTHER], **attributes):
            pass
    finally:
        tracing._Installed.traces = before
    (span,) = ended
    return span


def test_a_span_arrives_as_it_was() -> None:
    span = begun(text="é", number=-7, share=0.5, flag=True, absent=None)
    (found,) = received([span]).spans
    assert (found.service, found.name, found.kind) == ("svc", "work", "producer")
    assert (found.trace_id, found.parent_id) == ("2" * 32, "b" * 16)
    assert found.span_id == f"{span.context.span_id:016x}"
    assert found.links == (("3" * 32, "c" * 16),)
    assert found.attributes == {"text": "é", "number": -7, "share": 0.5, "flag": True}
    assert type(found.attributes["flag"]) is bool
    assert not found.failed


def test_what_code_that_is_not_ours_does_to_a_span() -> None:
    span = begun()
    assert not span.is_recording()
    span.set_attribute("late", 1)
    span.update_name("late")
    span.end(1)
    assert (span.attributes, span.name) == ({}, "work")
    span.ended = 0
    span.record_exception(ValueError("what somebody wrote"), {"more": 1})
    span.set_status(StatusCode.ERROR, "short")
    span.add_link(SpanContext(4, 5, is_remote=True, trace_flags=TraceFlags(1)))
    span.end()
    (found,) = received([span]).spans
    assert found.failed
    assert found.attributes["event.exception"]["exception.type"] == "ValueError"
    assert "somebody" not in repr(found)
    assert found.links[-1] == (f"{4:032x}", f"{5:016x}")


def test_nothing_that_is_set_on_a_span_costs_the_others() -> None:
    odd = begun("x\ud800", big=2**70, many=["a", 1], other={1}, broken="\udfff")
    first, second = received([odd, begun()]).spans
    assert first.name == "x?"
    assert first.attributes["big"] == str(2**70)
    assert [each.string_value or each.int_value for each in first.attributes["many"].values] == ["a", 1]
    assert (first.attributes["other"], first.attributes["broken"]) == ("{1}", "?")
    assert second.name == "work"
