"""Uses of tools against their own history: what became slower, and what takes most of the time.

Called by `routes.py`. The history is the time right before the range, so a use is compared with itself.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from agentbus.contracts.http.observability import Bottleneck, BottlenecksAnswer
from agentbus.contracts.timestamps import format_timestamp
from agentbus.telemetry.reading.history import ENOUGH
from agentbus.telemetry.reading.parameters import Window
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.ranges import WIDTH, Range, covering, floor
from agentbus.telemetry.reading.rollups import Sums, read_sums
from agentbus.telemetry.reading.statements import Wanted

_LEAST: Final = 5
"""Executions in the range without which a use is not called slower: one slow one is no bottleneck."""

_KEYS: Final = ("agent", "tool", "model")


class _Model(NamedTuple):
    agent: str
    tool: str
    model: str


async def read_bottlenecks(
    workspace_id: str, wanted: Wanted, within: Window, history: timedelta, *, limit: int, parts: Reading
) -> BottlenecksAnswer:
    """Returns the uses with the greatest slowdown, then those with most time; raises Transient."""
    covered = covering(within.starts_at, within.ends_at, within.now, parts.kept)
    until = floor(covered.starts_at, WIDTH["hour"])  # so that widening it takes nothing of the range
    earlier = covering(until - history, until, within.now, parts.kept)
    async with parts.database.transaction(snapshot=True) as connection:

        async def sums(of: Range) -> dict[_Model, Sums]:
            rows = await read_sums(connection, workspace_id, of.pieces, keys=_KEYS, wanted=wanted)
            return {_Model(*use): each for use, each in rows}

        here, before = await sums(covered), await sums(earlier)
    all_seconds = sum(each.seconds_total for each in here.values())
    found = [_bottleneck(use, each, before.get(use), all_seconds) for use, each in here.items()]
    found.sort(key=lambda each: (-(each.slowdown or 0.0), -each.seconds_total, each.agent, each.tool))
    return BottlenecksAnswer(
        starts_at=format_timestamp(covered.starts_at),
        ends_at=format_timestamp(covered.ends_at),
        history_starts_at=format_timestamp(earlier.starts_at),
        bottlenecks=found[:limit],
    )


def _bottleneck(use: _Model, sums: Sums, before: Sums | None, all_seconds: float) -> Bottleneck:
    figures, history = sums.figures(), before.figures() if before is not None else {}
    lost = sums.seconds_total - sums.executions * (history.get("mean_seconds") or 0.0) if history else 0.0
    return Bottleneck(
        agent=use.agent,
        tool=use.tool,
        model=use.model,
        executions=sums.executions,
        seconds_total=sums.seconds_total,
        share=sums.seconds_total / all_seconds if all_seconds else 0.0,
        p50_seconds=figures["p50_seconds"],
        p95_seconds=figures["p95_seconds"],
        queue_seconds_total=sums.queue_seconds_total,
        history_executions=history.get("executions", 0),
        history_p50_seconds=history.get("p50_seconds"),
        history_p95_seconds=history.get("p95_seconds"),
        slowdown=_slowdown(sums, before, figures["p95_seconds"], history.get("p95_seconds")),
        lost_seconds=max(0.0, lost),
    )


def _slowdown(sums: Sums, before: Sums | None, p95: float | None, earlier_p95: float | None) -> float | None:
    enough = before is not None and before.executions >= ENOUGH and sums.executions >= _LEAST
    return p95 / earlier_p95 if enough and p95 is not None and earlier_p95 else None
