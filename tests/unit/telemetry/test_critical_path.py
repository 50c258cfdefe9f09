"""The critical path covers a plan exactly once, tells waiting apart, and is made of what was waited for."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentbus.telemetry.reading.critical_path import Span, critical_path, own_seconds

END = 100.0


@st.composite
def courses(draw: st.DrawFn) -> list[Span]:
    """Actions of any order and nesting, also nested in later ones, in circles and beyond the plan."""
    names = [f"a{number}" for number in range(draw(st.integers(0, 12)))]
    times = st.integers(-10, 110).map(float)
    spans = []
    for name in names:
        starts, ends = sorted((draw(times), draw(times)))
        parent = draw(st.sampled_from([None, None, "gone", *names]))
        spans.append(Span(name, parent, starts, ends))
    return spans


def told(spans: list[Span]) -> list[tuple[str | None, float, float]]:
    return [(each.action_id, each.starts, each.ends) for each in critical_path(spans, 0.0, END)]


@given(courses())
def test_the_segments_add_up_to_the_plan(spans: list[Span]) -> None:
    path = critical_path(spans, 0.0, END)
    assert (path[0].starts, path[-1].ends) == (0.0, END)
    assert all(before.ends == after.starts for before, after in pairwise(path))
    assert all(segment.seconds > 0 for segment in path)
    assert sum(segment.seconds for segment in path) == END


@given(courses())
def test_a_segment_of_an_action_lies_in_it(spans: list[Span]) -> None:
    by_id = {span.action_id: span for span in spans}
    for segment in critical_path(spans, 0.0, END):
        if segment.action_id is not None:
            around = by_id[segment.action_id]
            assert around.starts <= segment.starts < segment.ends <= around.ends


@given(courses())
def test_the_plan_waits_only_while_no_action_that_was_waited_for_runs(spans: list[Span]) -> None:
    """Whatever ends inside a wait, or at its end, would have been on the path instead."""
    flat = [Span(span.action_id, None, span.starts, span.ends) for span in spans]
    for segment in critical_path(flat, 0.0, END):
        if segment.action_id is None:
            for span in flat:
                if max(0.0, span.starts) < min(END, span.ends):
                    assert not segment.starts < min(END, span.ends) <= segment.ends


@given(courses())
@example([Span("x", None, 0, 2), Span("y", None, 0, 2), Span("inside", "y", 1, 2)])
def test_the_order_in_which_actions_come_changes_nothing(spans: list[Span]) -> None:
    assert told(spans[::-1]) == told(spans)


@given(courses())
def test_own_time_is_what_nothing_inside_takes(spans: list[Span]) -> None:
    inside = {
        span.action_id: [each for each in spans if each.parent_action_id == span.action_id] for span in spans
    }
    for span, seconds in zip(spans, own_seconds(spans), strict=True):
        moments = [span.starts + 0.5 + number for number in range(int(span.ends - span.starts))]
        free = [
            at for at in moments if not any(each.starts < at < each.ends for each in inside[span.action_id])
        ]
        assert seconds == len(free)


def test_one_after_the_other_with_a_wait_between() -> None:
    spans = [Span("a", None, 10, 40), Span("b", None, 60, 100)]
    assert told(spans) == [(None, 0, 10), ("a", 10, 40), (None, 40, 60), ("b", 60, 100)]


def test_of_parallel_actions_the_last_to_end_counts() -> None:
    spans = [Span("short", None, 0, 30), Span("long", None, 0, 70), Span("then", None, 70, 100)]
    assert told(spans) == [("long", 0, 70), ("then", 70, 100)]


def test_an_action_is_told_by_what_runs_inside_it() -> None:
    spans = [Span("outer", None, 0, 100), Span("x", "outer", 10, 50), Span("y", "outer", 20, 90)]
    assert told(spans) == [("outer", 0, 20), ("y", 20, 90), ("outer", 90, 100)]


def test_what_outlives_its_parent_counts_up_to_the_end_of_it() -> None:
    spans = [Span("outer", None, 0, 50), Span("x", "outer", 10, 80), Span("then", None, 50, 100)]
    assert told(spans) == [("outer", 0, 10), ("x", 10, 50), ("then", 50, 100)]


def test_a_plan_without_actions_waits() -> None:
    assert told([]) == [(None, 0, END)]
    assert critical_path([], 0.0, 0.0) == []


@pytest.mark.parametrize("depth", [5_000])
def test_deep_nesting_and_long_plans_work(depth: int) -> None:
    nested = [Span(str(each), str(each - 1), 0.0, END) for each in range(depth)]
    assert told(nested) == [(str(depth - 1), 0.0, END)]
    chain = [Span(str(each), None, float(each), each + 1.0) for each in range(50_000)]
    assert len(critical_path(chain, 0.0, 50_000.0)) == 50_000
