"""How long an agent's use of a tool has taken lately, from roll-ups of days. For `live.py`, `bottlenecks.py`.

`enough` executions are there when a percentile of them says something; with fewer there is no expectation.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from agentbus.postgres.database import Connection
from agentbus.telemetry.reading.ranges import WIDTH, Piece, ceil
from agentbus.telemetry.reading.rollups import Sums, read_sums
from agentbus.telemetry.reading.statements import Values

HISTORY: Final = timedelta(days=7)
ENOUGH: Final = 20
"""Executions without which a 95th percentile is one or two of them, not a habit."""


class Use(NamedTuple):
    """An agent's use of a tool."""

    agent: str
    tool: str


@dataclass(frozen=True)
class Expected:
    """What was measured of a use before."""

    executions: int
    p50_seconds: float | None
    p95_seconds: float | None

    @property
    def enough(self) -> bool:
        """Whether there were enough executions to expect something of the next one."""
        return self.executions >= ENOUGH


async def read_history(
    connection: Connection, workspace_id: str, uses: Collection[Use], until: datetime
) -> dict[Use, Expected]:
    """Returns what is known of each of the `uses` in the seven days up to the end of the day of `until`.

    Of a use that was never made there is nothing. Raises Transient.
    """
    if not uses:
        return {}
    ends_at = ceil(until, WIDTH["day"])
    pieces = [Piece("day", ends_at - HISTORY, ends_at)]
    values = Values()
    agents, tools = values([use.agent for use in uses]), values([use.tool for use in uses])
    named = f"(agent, tool) in (select * from unnest({agents}::text[], {tools}::text[]))"  # noqa: S608
    rows = await read_sums(
        connection, workspace_id, pieces, keys=["agent", "tool"], further=[named], values=values
    )
    return {Use(*use): expected(sums) for use, sums in rows}


def expected(sums: Sums) -> Expected:
    """Returns what may be expected by these executions."""
    figures = sums.figures()
    return Expected(figures["executions"], figures["p50_seconds"], figures["p95_seconds"])
