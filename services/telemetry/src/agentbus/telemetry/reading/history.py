"""How long an agent's use of a tool has taken before, from roll-ups. For `live.py`, `bottlenecks.py`.

`enough` executions are there when a percentile of them says something; with fewer there is no expectation.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from agentbus.postgres.database import Connection
from agentbus.telemetry.reading.ranges import Range
from agentbus.telemetry.reading.rollups import Sums, read_sums
from agentbus.telemetry.reading.statements import Values

HISTORY: Final = timedelta(days=30)
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
    connection: Connection, workspace_id: str, uses: Collection[Use], within: Range
) -> dict[Use, Expected]:
    """Returns what is known of each of the `uses` in that range; nothing where it was never made."""
    if not uses:
        return {}
    values = Values()
    agents, tools = values([use.agent for use in uses]), values([use.tool for use in uses])
    named = f"(agent, tool) in (select * from unnest({agents}::text[], {tools}::text[]))"  # noqa: S608
    rows = await read_sums(
        connection, workspace_id, within.pieces, keys=["agent", "tool"], further=[named], values=values
    )
    return {Use(row["agent"], row["tool"]): expected(Sums.of(row)) for row in rows}


def expected(sums: Sums) -> Expected:
    """Returns what may be expected by these executions."""
    figures = sums.figures()
    return Expected(figures["executions"], figures["p50_seconds"], figures["p95_seconds"])
