"""Sums over roll-ups: one statement for any range, filter and grouping; percentiles from merged sketches.

Guarantee: a figure is the sum of what each partition's writer has rolled up, each bucket once. For
`figures.py`, `series.py`, `history.py` and `bottlenecks.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agentbus.postgres.database import Connection, Row
from agentbus.telemetry.reading import merging
from agentbus.telemetry.reading.merging import Spread
from agentbus.telemetry.reading.ranges import Piece
from agentbus.telemetry.reading.statements import EVERYTHING, Values, Wanted

_SUMS: Final = """
    sum(executions)::bigint as executions, sum(failures)::bigint as failures,
    sum(seconds_total)::float8 as seconds_total, sum(queue_seconds_total)::float8 as queue_seconds_total,
    sum(input_tokens)::bigint as input_tokens, sum(output_tokens)::bigint as output_tokens,
    sum(cost_usd)::float8 as cost_usd, sum(unpriced_tokens)::bigint as unpriced_tokens
"""
_RANKS: Final = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Sums:
    """What was added up for some actions; `spread` of their durations is empty when not asked for."""

    executions: int
    failures: int
    seconds_total: float
    queue_seconds_total: float
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    unpriced_tokens: int
    spread: Spread

    @classmethod
    def of(cls, row: Row, *, sketches: bool) -> "Sums":
        """Returns the sums of a row of `read_sums`."""
        plain = {name: row[name] for name in cls.__dataclass_fields__ if name != "spread"}
        return cls(
            **plain, spread=merging.merged(row["bins"], row["counts"]) if sketches else merging.NOTHING
        )

    def figures(self) -> dict[str, Any]:
        """Returns the fields of `contracts.http.observability.Figures`."""
        number = self.executions
        p50, p90, p95, p99 = self.spread.quantiles(_RANKS)
        return {
            "executions": number,
            "failures": self.failures,
            "success_rate": (number - self.failures) / number if number else None,
            "seconds_total": self.seconds_total,
            "mean_seconds": self.seconds_total / number if number else None,
            "p50_seconds": p50,
            "p90_seconds": p90,
            "p95_seconds": p95,
            "p99_seconds": p99,
            "queue_seconds_total": self.queue_seconds_total,
            "mean_queue_seconds": self.queue_seconds_total / number if number else None,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": self.cost_usd,
            "unpriced_tokens": self.unpriced_tokens,
        }


def together(parts: Iterable[Sums]) -> Sums:
    """Returns the sums of all parts."""
    parts = list(parts)
    costs = [part.cost_usd for part in parts if part.cost_usd is not None]
    return Sums(
        executions=sum(part.executions for part in parts),
        failures=sum(part.failures for part in parts),
        seconds_total=sum(part.seconds_total for part in parts),
        queue_seconds_total=sum(part.queue_seconds_total for part in parts),
        input_tokens=sum(part.input_tokens for part in parts),
        output_tokens=sum(part.output_tokens for part in parts),
        cost_usd=sum(costs) if costs else None,
        unpriced_tokens=sum(part.unpriced_tokens for part in parts),
        spread=merging.together(part.spread for part in parts),
    )


async def read_sums(
    connection: Connection,
    workspace_id: str,
    pieces: Sequence[Piece],
    *,
    keys: Sequence[str],
    wanted: Wanted = EVERYTHING,
    sketches: bool = True,
    further: Sequence[str] = (),
    values: Values | None = None,
) -> list[tuple[tuple[Any, ...], Sums]]:
    """Returns the sums of the pieces' roll-ups by `keys`, which are expressions of ours.

    `further` are conditions of ours; what they and `keys` stand for is in `values`. Raises Transient.
    """
    values = Values() if values is None else values
    conditions = [
        f"workspace_id = {values(workspace_id)}",
        f"({' or '.join(_within(piece, values) for piece in pieces)})",
        *wanted.conditions(values),
        *further,
    ]
    rows = await connection.fetch(
        f"select {', '.join(keys)}, {_SUMS}{',' + merging.PACKED if sketches else ''} from telemetry.rollups "  # noqa: S608
        f"where {' and '.join(conditions)} group by {', '.join(map(str, range(1, len(keys) + 1)))}",
        *values,
    )
    return [(row[: len(keys)], Sums.of(row, sketches=sketches)) for row in rows]


def _within(piece: Piece, values: Values) -> str:
    grain, starts_at, ends_at = values(piece.grain), values(piece.starts_at), values(piece.ends_at)
    return f"(grain = {grain} and starts_at >= {starts_at} and starts_at < {ends_at})"
