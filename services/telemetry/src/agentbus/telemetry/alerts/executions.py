"""Executions that run, and earlier runs of the same things, from the aggregator's tables. For `overdue`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from agentbus.contracts.alerts import ComparedRun
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Connection, Row

MOST_RUNNING: Final = 20_000
"""More than this are not looked at in one evaluation: the oldest come first."""

RECENT_RUNS: Final = 500
"""What an expected time is made of."""


class Thing(NamedTuple):
    """What runs have in common that can be compared: an action's agent and tool, or a plan's team."""

    workspace_id: str
    agent: str
    tool: str | None
    team_id: str


@dataclass(frozen=True)
class Execution:
    """An action that runs, or a plan (no `action_id`)."""

    workspace_id: str
    plan_id: str
    action_id: str | None
    parent_action_id: str | None
    team_id: str
    agent: str
    tool: str | None
    attempt: int
    started_at: datetime
    trace_id: str | None

    @property
    def thing(self) -> Thing:
        """What it is a run of."""
        if self.action_id is None:
            return Thing(self.workspace_id, "", None, self.team_id)
        return Thing(self.workspace_id, self.agent, self.tool, "")


@dataclass(frozen=True)
class History:
    """Earlier completed runs of a thing."""

    samples: int
    p95_seconds: float


async def running(connection: Connection, started_before: datetime) -> list[Execution]:
    """Returns what runs since before that moment: actions, and plans that do not wait for a person."""
    rows = await connection.fetch(
        """
        select workspace_id, plan_id, action_id, parent_action_id, team_id, agent, tool, attempt, started_at,
            trace_id
        from telemetry.actions where status = 'running' and started_at < $1
        union all
        select workspace_id, plan_id, null, null, team_id, '', null, attempt, started_at, trace_id
        from telemetry.plans where status in ('in_progress', 'approved') and started_at < $1
        order by started_at limit $2
        """,
        started_before,
        MOST_RUNNING,
    )
    return [_execution(row) for row in rows]


async def limits(connection: Connection) -> dict[tuple[str, str, str], float]:
    """Returns the limits that were set: workspace, kind and name → seconds, or USD."""
    rows = await connection.fetch("select workspace_id, kind, name, value from telemetry.limits")
    return {(row["workspace_id"], row["kind"], row["name"]): row["value"] for row in rows}


async def histories(connection: Connection, things: Sequence[Thing]) -> dict[Thing, History]:
    """Returns the newest completed runs of each thing, put together; none for what never completed."""
    rows = await connection.fetch(
        """
        select wanted.*, count(recent.seconds) as samples,
            percentile_cont(0.95) within group (order by recent.seconds) as p95
        from unnest($1::text[], $2::text[], $3::text[], $4::text[])
            as wanted (workspace_id, agent, tool, team_id)
        cross join lateral (
            (
                select seconds from telemetry.actions
                where wanted.tool is not null and workspace_id = wanted.workspace_id and tool = wanted.tool
                    and agent = wanted.agent and status = 'completed'
                order by started_at desc limit $5
            ) union all (
                select extract(epoch from ended_at - started_at)::double precision from telemetry.plans
                where wanted.tool is null and workspace_id = wanted.workspace_id and team_id = wanted.team_id
                    and status = 'completed'
                order by started_at desc limit $5
            )
        ) as recent (seconds)
        group by 1, 2, 3, 4
        """,
        *([list(column) for column in zip(*things, strict=True)] if things else [[], [], [], []]),
        RECENT_RUNS,
    )
    return {
        Thing(row["workspace_id"], row["agent"], row["tool"], row["team_id"]): History(
            row["samples"], row["p95"]
        )
        for row in rows
        if row["samples"]
    }


async def compared(connection: Connection, thing: Thing, limit: int) -> list[ComparedRun]:
    """Returns the newest completed runs of the thing, the newest first."""
    if thing.tool is None:
        rows = await connection.fetch(
            """
            select plan_id, null as action_id, status, ended_at,
                extract(epoch from ended_at - started_at)::double precision as seconds
            from telemetry.plans where workspace_id = $1 and team_id = $2 and status = 'completed'
                and ended_at is not null and started_at is not null
            order by started_at desc limit $3
            """,
            *(thing.workspace_id, thing.team_id, limit),
        )
    else:
        rows = await connection.fetch(
            """
            select plan_id, action_id, status, ended_at, seconds from telemetry.actions
            where workspace_id = $1 and tool = $2 and agent = $3 and status = 'completed'
                and ended_at is not null and seconds is not null
            order by started_at desc limit $4
            """,
            *(thing.workspace_id, thing.tool, thing.agent, limit),
        )
    return [ComparedRun(**{**dict(row), "ended_at": format_timestamp(row["ended_at"])}) for row in rows]


async def inside(connection: Connection, execution: Execution, limit: int) -> list[str]:
    """Returns what runs right inside an execution, as `tool (action id)`, the oldest first."""
    rows = await connection.fetch(
        "select tool, action_id from telemetry.actions where plan_id = $1 and status = 'running' "
        "and parent_action_id is not distinct from $2 order by started_at limit $3",
        *(execution.plan_id, execution.action_id, limit),
    )
    return [f"{row['tool']} ({row['action_id']})" for row in rows]


def _execution(row: Row) -> Execution:
    return Execution(**{**dict(row), "team_id": row["team_id"] or "", "agent": row["agent"] or ""})
