"""Metrics over time, also beside another period of the same length. Called by `routes.py`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from agentbus.contracts.http.observability import GroupBy, MetricName, SeriesAnswer, SeriesLine
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Connection
from agentbus.telemetry.reading.parameters import Window
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.ranges import Piece, Range, floor, stepped
from agentbus.telemetry.reading.rollups import Sums, read_sums
from agentbus.telemetry.reading.statements import COLUMNS, Values, Wanted

USUAL_POINTS: Final = 30
"""So a day is drawn by hours, and a month by days: of each grain, few enough roll-ups to be read at once."""

COUNTS: Final = frozenset({"executions", "failures", "input_tokens", "output_tokens"})
"""Of these nothing is 0; of the others it is not known."""

_Figures = Mapping[str, Any]
Line = dict[int, _Figures]
"""Figures by the number of the bucket."""


@dataclass(frozen=True)
class Asked:
    """What is to be drawn: which metrics, of everything or of the busiest groups, how finely, beside what."""

    metrics: Sequence[MetricName]
    group_by: GroupBy | None = None
    groups: int = 10
    least_step: timedelta | None = None
    compared_with: datetime | None = None
    """The begin of the other period."""


async def read_series(
    workspace_id: str, asked: Asked, wanted: Wanted, within: Window, *, parts: Reading
) -> SeriesAnswer:
    """Returns the metrics bucket by bucket; raises Transient."""
    least = asked.least_step or (within.ends_at - within.starts_at) / USUAL_POINTS
    begin = min(within.starts_at, asked.compared_with or within.starts_at)
    _, step = stepped(begin, begin + (within.ends_at - within.starts_at), least, within.now, parts.kept)
    covered, step = stepped(within.starts_at, within.ends_at, step, within.now, parts.kept)
    query = _Query(workspace_id, asked, wanted, step)
    async with parts.database.transaction(snapshot=True) as connection:
        lines = await query.lines(connection, covered.pieces)
        compared: dict[str | None, Line] | None = None
        if asked.compared_with is not None:
            other = _shifted(covered, floor(asked.compared_with, step))
            compared = await query.lines(connection, other.pieces)
    count = round((covered.ends_at - covered.starts_at) / step)
    return SeriesAnswer(
        starts_at=format_timestamp(covered.starts_at),
        ends_at=format_timestamp(covered.ends_at),
        step_seconds=int(step.total_seconds()),
        compared_starts_at=None if compared is None else format_timestamp(other.starts_at),
        times=[format_timestamp(covered.starts_at + number * step) for number in range(count)],
        lines=[
            SeriesLine(
                metric=metric,
                group=group,
                values=_values(line, metric, count),
                compared=None if compared is None else _values(compared.get(group, {}), metric, count),
            )
            for metric in asked.metrics
            for group, line in lines.items()
        ],
    )


@dataclass(frozen=True)
class _Query:
    workspace_id: str
    asked: Asked
    wanted: Wanted
    step: timedelta

    async def lines(self, connection: Connection, pieces: Sequence[Piece]) -> dict[str | None, Line]:
        """Returns the lines by group, the busiest first; one line, of None, when nothing is grouped."""
        values, begin = Values(), pieces[0].starts_at
        bucket = f"date_bin({values(self.step)}, starts_at, {values(begin)})"
        by = [COLUMNS[self.asked.group_by]] if self.asked.group_by else []
        rows = await read_sums(
            connection,
            self.workspace_id,
            pieces,
            keys=[bucket, *by],
            wanted=self.wanted,
            sketches=any(metric.startswith("p") for metric in self.asked.metrics),
            values=values,
        )
        sums: defaultdict[str | None, dict[int, Sums]] = defaultdict(dict)
        for (at, *group), each in rows:
            sums[group[0] if by else None][(at - begin) // self.step] = each
        if not by:
            return {None: _figures(sums[None])}
        busiest = sorted(
            sums, key=lambda group: (-sum(each.executions for each in sums[group].values()), group)
        )
        return {group: _figures(sums[group]) for group in busiest[: self.asked.groups]}


def _figures(sums: Mapping[int, Sums]) -> Line:
    return {number: each.figures() for number, each in sums.items()}


def _values(line: Line, metric: MetricName, count: int) -> list[float | None]:
    nothing = 0.0 if metric in COUNTS else None
    return [line[number][metric] if number in line else nothing for number in range(count)]


def _shifted(covered: Range, starts_at: datetime) -> Range:
    """Returns the range as it would be from another begin on, in the same grain."""
    (piece,) = covered.pieces
    ends_at = starts_at + (covered.ends_at - covered.starts_at)
    return Range(starts_at, ends_at, (Piece(piece.grain, starts_at, ends_at),))
