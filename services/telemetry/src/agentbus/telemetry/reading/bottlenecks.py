"""What is slow: a plan's critical path and shares of time; and uses of tools, against their own history.

Called by `plan_routes.py`. A use is an agent's use of a tool.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Final

from agentbus.contracts.http.observed_plans import PathSegment, PlanBottlenecks, TimeShare
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Row
from agentbus.telemetry.reading.critical_path import Segment, Span, critical_path, own_seconds
from agentbus.telemetry.reading.history import Expected, Use, read_history
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.plans import began, read_plan

_SHARES: Final = 100
_ACTIONS: Final = """
    select action_id, parent_action_id, agent, tool, started_at, ended_at
    from telemetry.actions where plan_id = $1 and workspace_id = $2
"""


@dataclass
class _Share:
    executions: int = 0
    seconds: float = 0.0
    path_seconds: float = 0.0
    longest_seconds: float = 0.0


@dataclass(frozen=True)
class _Course:
    """What a plan's duration consists of, in seconds since its begin."""

    path: list[Segment]
    shares: Mapping[Use, _Share]
    uses: Mapping[str, Use] = field(repr=False)


async def read_plan_bottlenecks(
    workspace_id: str, plan_id: str, *, limit: int, parts: Reading
) -> PlanBottlenecks:
    """Returns the plan's critical path, its `limit` longest segments, and where its time went.

    Raises UnknownPlan, Transient.
    """
    now = parts.clock.now()
    async with parts.database.transaction(snapshot=True) as connection:
        plan = await read_plan(connection, workspace_id, plan_id)
        actions = await connection.fetch(_ACTIONS, plan_id, workspace_id)
        begin, end = began(plan), max(began(plan), plan["ended_at"] or now)
        course = await asyncio.to_thread(_course, actions, begin, end)
        most = nlargest(_SHARES, course.shares, key=lambda use: (course.shares[use].path_seconds, use))
        known = await read_history(connection, workspace_id, most, end)
    duration = (end - begin).total_seconds()
    waiting = sum(segment.seconds for segment in course.path if segment.action_id is None)
    longest = nlargest(limit, course.path, key=lambda segment: segment.seconds)
    return PlanBottlenecks(
        plan_id=plan_id,
        starts_at=format_timestamp(begin),
        seconds=duration,
        working_seconds=max(0.0, duration - waiting),
        waiting_seconds=waiting,
        segments=[
            _segment(each, course, begin, duration)
            for each in sorted(longest, key=lambda segment: segment.starts)
        ],
        segments_total=len(course.path),
        shares=[_share(use, course.shares[use], duration, known.get(use)) for use in most],
    )


def _course(actions: Sequence[Row], begin: datetime, end: datetime) -> _Course:
    spans = [_span(row, begin, end) for row in actions]
    uses = {row["action_id"]: Use(row["agent"], row["tool"]) for row in actions}
    path = critical_path(spans, 0.0, (end - begin).total_seconds())
    shares: defaultdict[Use, _Share] = defaultdict(_Share)
    for span, seconds in zip(spans, own_seconds(spans), strict=True):
        share = shares[uses[span.action_id]]
        share.executions += 1
        share.seconds += seconds
        share.longest_seconds = max(share.longest_seconds, span.ends - span.starts)
    for segment in path:
        if segment.action_id is not None:
            shares[uses[segment.action_id]].path_seconds += segment.seconds
    return _Course(path, shares, uses)


def _span(row: Row, begin: datetime, end: datetime) -> Span:
    starts = (row["started_at"] - begin).total_seconds()
    ends = ((row["ended_at"] or end) - begin).total_seconds()
    return Span(row["action_id"], row["parent_action_id"], starts, max(starts, ends))


def _segment(segment: Segment, course: _Course, begin: datetime, duration: float) -> PathSegment:
    use = course.uses[segment.action_id] if segment.action_id is not None else None
    return PathSegment(
        kind="waiting" if use is None else "action",
        action_id=segment.action_id,
        agent=use and use.agent,
        tool=use and use.tool,
        starts_at=format_timestamp(begin + timedelta(seconds=segment.starts)),
        seconds=segment.seconds,
        share=segment.seconds / duration,
    )


def _share(use: Use, share: _Share, duration: float, history: Expected | None) -> TimeShare:
    return TimeShare(
        agent=use.agent,
        tool=use.tool,
        executions=share.executions,
        seconds=share.seconds,
        path_seconds=share.path_seconds,
        path_share=share.path_seconds / duration if duration else 0.0,
        longest_seconds=share.longest_seconds,
        history_executions=history.executions if history else 0,
        history_p50_seconds=history and history.p50_seconds,
        history_p95_seconds=history and history.p95_seconds,
    )
