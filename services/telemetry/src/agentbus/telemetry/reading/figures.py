"""Figures of a range: of everything and by group. Called by `routes.py`."""

from typing import Final

from agentbus.contracts.http.observability import Figures, FiguresAnswer, GroupBy, GroupFigures
from agentbus.contracts.timestamps import format_timestamp
from agentbus.telemetry.reading.parameters import Window
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.ranges import covering
from agentbus.telemetry.reading.rollups import read_sums, together
from agentbus.telemetry.reading.statements import COLUMNS, Wanted

GROUPS_LIMIT: Final = 200


async def read_figures(
    workspace_id: str, group_by: GroupBy, wanted: Wanted, within: Window, *, limit: int, parts: Reading
) -> FiguresAnswer:
    """Returns the figures of the range; raises Transient."""
    covered = covering(within.starts_at, within.ends_at, within.now, parts.kept)
    async with parts.database.transaction(snapshot=True) as connection:
        rows = await read_sums(
            connection, workspace_id, covered.pieces, keys=[COLUMNS[group_by]], wanted=wanted
        )
    sums = {group: each for (group,), each in rows}
    most_first = sorted(sums, key=lambda group: (-sums[group].executions, group))
    return FiguresAnswer(
        starts_at=format_timestamp(covered.starts_at),
        ends_at=format_timestamp(covered.ends_at),
        group_by=group_by,
        total=Figures(**together(sums.values()).figures()),
        groups=[GroupFigures(group=group, **sums[group].figures()) for group in most_first[:limit]],
        groups_total=len(sums),
    )
