"""What the database's figures are, beside those that are known from the plans' profiles."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from support.percentiles import quantiles
from support.profiles import Key, Known, Profile, known_figures
from support.telemetry_world import TelemetryWorld

from agentbus.telemetry.sketch import merged

RANKS: Final = (0.5, 0.9, 0.95, 0.99)
_SUMS: Final = """
select grain, starts_at, workspace_id, team_id, agent, tool, model, sum(executions)::int as executions,
    sum(failures)::int as failures, sum(seconds_total) as seconds, sum(queue_seconds_total) as queue_seconds,
    sum(input_tokens)::int as input_tokens, sum(output_tokens)::int as output_tokens,
    sum(cost_usd) as cost_usd, max(seconds_max) as seconds_max, array_agg(sketch) as sketches
from telemetry.rollups where workspace_id = any($1) group by 1, 2, 3, 4, 5, 6, 7
"""


async def assert_exact(world: TelemetryWorld, profiles: Iterable[Profile]) -> None:
    """Fails unless the roll-ups of the profiles' workspaces are exactly those of the profiles."""
    profiles = list(profiles)
    workspaces = sorted({plan.workspace_id for plan in profiles})
    stored: dict[str, dict[Key, dict[str, Any]]] = defaultdict(dict)
    for row in await world.rows(_SUMS, workspaces):
        key = tuple(row[name] for name in ("starts_at", "workspace_id", "team_id", "agent", "tool", "model"))
        stored[row["grain"]][key] = row
    minutes = known_figures(profiles)
    for grain, known in {"minute": minutes, "hour": _by(minutes, "hour"), "day": _by(minutes, "day")}.items():
        assert stored[grain].keys() == known.keys()
        for key, figures in known.items():
            _assert_same(stored[grain][key], figures)


def _assert_same(row: Mapping[str, Any], known: Known) -> None:
    assert (row["executions"], row["failures"]) == (known.executions, known.failures)
    assert (row["seconds"], row["queue_seconds"]) == (_seconds(known.ms), _seconds(known.queue_ms))
    assert (row["input_tokens"], row["output_tokens"]) == known.tokens
    assert row["cost_usd"] == known.cost_usd
    assert row["seconds_max"] == known.durations[-1]
    found = quantiles(merged(row["sketches"]), RANKS)
    true = [known.durations[int(rank * (len(known.durations) - 1))] for rank in RANKS]
    assert found == pytest.approx(true, rel=0.01001)


def _by(minutes: Mapping[Key, Known], grain: str) -> dict[Key, Known]:
    coarse: dict[Key, Known] = {}
    for (at, *subject), one in minutes.items():
        key: Key = (_begin(at, grain), *subject)  # type: ignore[assignment]
        so_far = coarse.get(key, Known())
        coarse[key] = Known(
            so_far.executions + one.executions,
            so_far.failures + one.failures,
            so_far.ms + one.ms,
            so_far.queue_ms + one.queue_ms,
            (so_far.tokens[0] + one.tokens[0], so_far.tokens[1] + one.tokens[1]),
            one.cost_usd if so_far.cost_usd is None else so_far.cost_usd + (one.cost_usd or 0),
            sorted([*so_far.durations, *one.durations]),
        )
    return coarse


def _begin(at: datetime, grain: str) -> datetime:
    return at.replace(minute=0) if grain == "hour" else at.replace(hour=0, minute=0)


def _seconds(milliseconds: int) -> Decimal:
    return Decimal(milliseconds) / 1000
