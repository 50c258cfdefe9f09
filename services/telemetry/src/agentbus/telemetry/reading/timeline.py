"""A plan's timeline: its actions in the order in which they began, by pages. Called by `plan_routes.py`.

Guarantee: a parent stands before its children, also over pages; a plan of any length works, because a page
is bounded. `least_seconds` and a stretch of time leave out what a picture of that width would not show.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agentbus.contracts.http.observed_plans import Timeline, TimelineAction
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Row
from agentbus.telemetry.reading.live import seconds_between
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.plans import began, plan_view, read_plan
from agentbus.telemetry.reading.statements import Values

_PLAIN: Final = (
    "action_id",
    "parent_action_id",
    "agent",
    "agent_type",
    "tool",
    "model",
    "step_id",
    "status",
    "attempt",
    "ended_seq",
    "queue_seconds",
    "input_tokens",
    "output_tokens",
    "error_fingerprint",
    "error_message",
)


@dataclass(frozen=True)
class Shown:
    """Which actions are wanted: those that run in the stretch of time and take that long, or failed ones."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    least_seconds: float | None = None
    status: str | None = None


async def read_timeline(
    workspace_id: str, plan_id: str, shown: Shown, *, after_seq: int, limit: int, parts: Reading
) -> tuple[Timeline, int | None]:
    """Returns a page of the plan's timeline, and after which message the rest of it begins, None: no rest.

    Raises UnknownPlan, Transient.
    """
    values = Values([plan_id, workspace_id, after_seq])
    conditions = [
        "plan_id = $1 and workspace_id = $2 and coalesce(started_seq, ended_seq, 0) > $3",
        *_conditions(shown, values),
    ]
    async with parts.database.transaction(snapshot=True) as connection:
        plan = await read_plan(connection, workspace_id, plan_id)
        rows = await connection.fetch(
            f"""
            select action.*, action.cost_usd::float8 as usd, place, error.message as error_message from (
                select action_id, coalesce(started_seq, ended_seq, 0) as place
                from telemetry.actions where {" and ".join(conditions)} order by place limit {limit + 1:d}
            ) as page
            join telemetry.actions as action on action.plan_id = $1 and action.action_id = page.action_id
            left join telemetry.errors as error
                on error.workspace_id = $2 and error.fingerprint = action.error_fingerprint
            order by place
            """,  # noqa: S608  our own words and a number
            *values,
        )
    now = parts.clock.now()
    actions = [_view(row, began(plan), plan["ended_at"] or now) for row in rows[:limit]]
    rest = rows[limit - 1]["place"] if len(rows) > limit else None
    return Timeline(plan=plan_view(plan, now), actions=actions), rest


def _conditions(shown: Shown, values: Values) -> list[str]:
    found = []
    if shown.starts_at is not None:
        found.append(f"coalesce(ended_at, now()) >= {values(shown.starts_at)}")
    if shown.ends_at is not None:
        found.append(f"started_at < {values(shown.ends_at)}")
    if shown.least_seconds is not None:
        least = values(shown.least_seconds)
        found.append(f"coalesce(seconds, extract(epoch from now() - started_at)) >= {least}::float8")
    if shown.status is not None:
        found.append(f"status = {values(shown.status)}")
    return found


def _view(row: Row, begin: datetime, end: datetime) -> TimelineAction:
    return TimelineAction(
        **{name: row[name] for name in _PLAIN},
        started_seq=row["place"],
        started_at=format_timestamp(row["started_at"]),
        ended_at=row["ended_at"] and format_timestamp(row["ended_at"]),
        offset_seconds=seconds_between(begin, row["started_at"]),
        seconds=action_seconds(row, end),
        cost_usd=row["usd"],
        trace_id=row["trace_id"] or None,
        span_id=row["span_id"] or None,
    )


def action_seconds(row: Row, end: datetime) -> float:
    """Returns how long the action took, or takes by `end` when it has not ended."""
    if row["seconds"] is not None:
        return float(row["seconds"])
    return seconds_between(row["started_at"], row["ended_at"] or end)
