"""Plans with their figures: lists, which figures link to, and one by its id. Called by `plan_routes.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agentbus.contracts.http.observed_plans import ObservedPlan
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Connection, Row
from agentbus.telemetry.reading.errors import UnknownPlan
from agentbus.telemetry.reading.keyset import Page, after, cursor_at
from agentbus.telemetry.reading.live import seconds_between
from agentbus.telemetry.reading.parameters import Window
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.statements import EVERYTHING, Values, Wanted

_OF_ACTIONS: Final = ("agent", "agent_type", "tool", "model")
_PLAIN: Final = (
    "plan_id",
    "session_id",
    "user_id",
    "description",
    "status",
    "attempt",
    "messages",
    "actions",
    "failures",
    "input_tokens",
    "output_tokens",
    "error_fingerprint",
)


@dataclass(frozen=True)
class Plans:
    """Which plans are wanted: with such an action, in such a state; None: it does not matter."""

    actions: Wanted = EVERYTHING
    status: str | None = None
    fingerprint: str | None = None
    trace_id: str | None = None
    least_seconds: float | None = None
    failed: bool | None = None
    """Whether an action of the plan has failed."""


async def list_plans(
    workspace_id: str, wanted: Plans, within: Window, *, limit: int, cursor: str | None, parts: Reading
) -> Page:
    """Returns plans (`ObservedPlan`) that were created in the range, newest first.

    Raises BadCursor, Transient.
    """
    values = Values([workspace_id, within.starts_at, within.ends_at])
    conditions = [
        "workspace_id = $1 and created_at >= $2 and created_at < $3",
        *_conditions(wanted, values),
        *after(cursor, ("created_at", "plan_id"), values),
    ]
    async with parts.database.transaction(snapshot=True) as connection:
        rows = await connection.fetch(
            f"select *, cost_usd::float8 as usd from telemetry.plans as plan "  # noqa: S608  our own words
            f"where {' and '.join(conditions)} order by created_at desc, plan_id desc limit {limit + 1:d}",
            *values,
        )
    page = rows[:limit]
    rest = cursor_at(page[-1]["created_at"], page[-1]["plan_id"]) if len(rows) > limit else None
    return Page([plan_view(row, within.now).model_dump() for row in page], rest)


async def read_plan(connection: Connection, workspace_id: str, plan_id: str) -> Row:
    """Returns the plan's row; raises UnknownPlan."""
    row = await connection.fetchrow(
        "select *, cost_usd::float8 as usd from telemetry.plans where plan_id = $1 and workspace_id = $2",
        plan_id,
        workspace_id,
    )
    if row is None:
        raise UnknownPlan(f"nothing is known here of a plan {plan_id!r}")
    return row


def began(row: Row) -> datetime:
    """Returns when the plan was created, or, where that is not known any more, was first heard of."""
    at: datetime = row["created_at"] or row["started_at"] or row["ended_at"] or row["last_at"]
    return at


def plan_view(row: Row, now: datetime) -> ObservedPlan:
    """Returns the plan as it is told at `now`."""
    return ObservedPlan(
        **{name: row[name] for name in _PLAIN},
        team=row["team_id"],
        created_at=format_timestamp(began(row)),
        started_at=row["started_at"] and format_timestamp(row["started_at"]),
        ended_at=row["ended_at"] and format_timestamp(row["ended_at"]),
        seconds=seconds_between(began(row), row["ended_at"] or now),
        cost_usd=row["usd"],
        trace_id=row["trace_id"] or None,
    )


def _conditions(wanted: Plans, values: Values) -> list[str]:
    found = wanted.actions.conditions(values, ["team"])
    if wanted.status is not None:
        found.append(f"status = {values(wanted.status)}")
    if wanted.fingerprint is not None:
        found.append(
            "exists (select from telemetry.error_events as event where event.plan_id = plan.plan_id "
            f"and event.workspace_id = $1 and event.fingerprint = {values(wanted.fingerprint)})"
        )
    if wanted.trace_id is not None:
        found.append(f"trace_id = {values(wanted.trace_id)}")
    if wanted.least_seconds is not None:
        least = values(wanted.least_seconds)
        found.append(f"extract(epoch from coalesce(ended_at, now()) - created_at) >= {least}::float8")
    if wanted.failed is not None:
        found.append("failures > 0" if wanted.failed else "failures = 0")
    of_actions = wanted.actions.conditions(values, _OF_ACTIONS)
    if of_actions:
        found.append(
            "exists (select from telemetry.actions as action where action.plan_id = plan.plan_id "
            f"and action.workspace_id = $1 and {' and '.join(of_actions)})"
        )
    return found
