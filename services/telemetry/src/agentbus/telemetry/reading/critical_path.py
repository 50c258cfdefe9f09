"""The critical path of a plan: the chain of actions in which the end of one determined the next start. Pure.

Guarantee: the segments cover the plan from its creation to its end exactly once, whatever the actions look
like, so their durations add up to the plan's. Method: CRISP (Zhang et al., "CRISP: Critical Path Analysis of
Large-Scale Microservice Architectures", USENIX ATC 2022, section 3). From the end of the plan backward: what
ended last, was waited for; before its start, whatever ended last by then; and so on, inside each action among
the actions nested in it. Time in which no nested action of the path runs is the enclosing action's own, or,
outside of all actions, the plan's waiting. What overlaps the path without determining it is not on it.
Decision 0032. Called by `bottlenecks.py`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """An action on a clock in seconds, `ends` not before `starts`."""

    action_id: str
    parent_action_id: str | None
    starts: float
    ends: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the path; `action_id` None: the plan waits."""

    action_id: str | None
    starts: float
    ends: float

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.ends - self.starts


@dataclass(slots=True)
class _Open:
    """An action (or the plan) whose part of the path is found from its end backward, by now to `reached`."""

    action_id: str | None
    starts: float
    ends: float
    reached: float
    inner: Iterator[Span]


def critical_path(spans: Sequence[Span], starts: float, ends: float) -> list[Segment]:
    """Returns the path through `starts` to `ends` in the order of time; no segment is empty.

    An action whose parent is not among the spans belongs to the plan itself. Actions in a circle of parents,
    which no log of ours has, are left out.
    """
    nested = _nested(spans)
    path: list[Segment] = []
    stack = [_Open(None, starts, ends, ends, iter(nested[None]))]
    while stack:
        around = stack[-1]
        inner = _last_by(around, nested)
        if inner is None:
            _add(path, around.action_id, around.starts, around.reached)
            stack.pop()
        else:
            _add(path, around.action_id, inner.ends, around.reached)
            around.reached = inner.starts
            stack.append(inner)
    path.reverse()
    return path


def _nested(spans: Sequence[Span]) -> defaultdict[str | None, list[Span]]:
    """Returns the actions by the one around them, what ended last first; of those, what began first.

    Of two that are the same, the smaller id, so that the answer does not depend on the order they come in.
    """
    known = {span.action_id for span in spans}
    nested: defaultdict[str | None, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=lambda each: (-each.ends, each.starts, each.action_id)):
        parent = span.parent_action_id
        nested[parent if parent in known else None].append(span)
    return nested


def _last_by(around: _Open, nested: Mapping[str | None, list[Span]]) -> _Open | None:
    """Returns what ended last by the moment that is reached; what overlaps the path is passed by.

    What outlives the action around it counts up to that one's end.
    """
    for span in around.inner:
        starts, ends = max(span.starts, around.starts), min(span.ends, around.ends)
        if starts < ends <= around.reached:
            return _Open(span.action_id, starts, ends, ends, iter(nested.get(span.action_id, ())))
    return None


def _add(path: list[Segment], action_id: str | None, starts: float, ends: float) -> None:
    if ends > starts:
        path.append(Segment(action_id, starts, ends))


def own_seconds(spans: Sequence[Span]) -> list[float]:
    """Returns how long each action took, without the time in which an action nested in it ran."""
    nested = _nested(spans)
    return [span.ends - span.starts - _covered(span, nested.get(span.action_id, ())) for span in spans]


def _covered(around: Span, inner: Sequence[Span]) -> float:
    """Returns how much of the action the others cover together; they come with the last end first."""
    covered, reached = 0.0, around.ends
    for span in inner:
        starts, ends = max(span.starts, around.starts), min(span.ends, reached)
        covered += max(0.0, ends - starts)
        reached = max(around.starts, min(reached, starts))
    return covered
