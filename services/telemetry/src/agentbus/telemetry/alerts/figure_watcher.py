"""Failure rate and cost of a workspace's agents, from the roll-ups. Called by `evaluation`."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agentbus.postgres.database import Connection, Database
from agentbus.telemetry.alerts.executions import limits
from agentbus.telemetry.alerts.model import Finding, Seen, Timing

NAME: Final = "figures"
FAILURES: Final = "ActionsFail"
COST: Final = "CostAboveLimit"
_FAILURES_WITHIN: Final = timedelta(minutes=10)
_COST_WITHIN: Final = timedelta(hours=1)
_TEXT: Final = 100


@dataclass(frozen=True)
class FigureLimits:
    """From when on failures and cost are told. `cost_usd_per_hour` None: only where a workspace sets it."""

    failure_ratio: float
    least_executions: int
    cost_usd_per_hour: float | None


class FigureWatcher:
    """Looks at all workspaces."""

    name = NAME
    every_seconds = 10.0

    def __init__(self, database: Database, by: FigureLimits) -> None:
        self._database = database
        self._by = by

    async def look(self, now: datetime, known: Set[str]) -> Seen:  # noqa: ARG002  each look is as cheap
        """Returns what fails or costs too much. Raises Transient without the database."""
        async with self._database.transaction(snapshot=True) as connection:
            failing = await self._failing(connection, now)
            return Seen((*failing, *await self._costly(connection, now)))

    async def _failing(self, connection: Connection, now: datetime) -> list[Finding]:
        rows = await connection.fetch(
            """
            select workspace_id, agent, tool, sum(executions)::bigint as executions,
                sum(failures)::bigint as failures
            from telemetry.rollups where grain = 'minute' and starts_at > $1
            group by 1, 2, 3 having sum(executions) >= $2 and sum(failures) > $3 * sum(executions)
            """,
            *(now - _FAILURES_WITHIN, self._by.least_executions, self._by.failure_ratio),
        )
        return [
            Finding(
                rule=FAILURES,
                severity="warning",
                source=NAME,
                workspace_id=row["workspace_id"],
                subject={"agent": row["agent"][:_TEXT], "tool": row["tool"][:_TEXT]},
                summary=f"{row['failures']} of {row['executions']} actions failed in ten minutes: "
                f"{row['tool'][:_TEXT]} by {row['agent'][:_TEXT]}",
                value=row["failures"] / row["executions"],
                limit=self._by.failure_ratio,
                recommendation="GET /api/v3/observability/errors groups them; each has its stack and trace. "
                "`action_timeout`: AGENTBUS_ACTION_LIMIT_SECONDS, or a machine that is short of CPU.",
                timing=Timing(for_seconds=30, clear_seconds=60),
            )
            for row in rows
        ]

    async def _costly(self, connection: Connection, now: datetime) -> list[Finding]:
        set_limits = await limits(connection)
        rows = await connection.fetch(
            "select workspace_id, sum(cost_usd)::double precision as usd from telemetry.rollups "
            "where grain = 'minute' and starts_at > $1 and cost_usd is not null group by 1",
            now - _COST_WITHIN,
        )
        found = []
        for row in rows:
            most = set_limits.get((row["workspace_id"], "cost", "*"), self._by.cost_usd_per_hour)
            if most is not None and row["usd"] > most:
                found.append(_costs(row["workspace_id"], row["usd"], most))
        return found


def _costs(workspace_id: str, usd: float, most: float) -> Finding:
    return Finding(
        rule=COST,
        severity="warning",
        source=NAME,
        workspace_id=workspace_id,
        subject={"workspace": workspace_id},
        summary=f"models cost {usd:.2f} USD in the last hour; the limit is {most:.2f} USD",
        value=usd,
        limit=most,
        recommendation="GET /api/v3/observability/figures?group_by=model says which model, team and agent. "
        "Cancel what runs astray (POST /api/v3/plans/{id}/cancel), choose a smaller model (AGENTBUS_MODEL), "
        "or allow more: PUT /api/v3/alerts/limits/cost/*, AGENTBUS_ALERT_COST_USD_PER_HOUR.",
        timing=Timing(clear_seconds=60),
    )
