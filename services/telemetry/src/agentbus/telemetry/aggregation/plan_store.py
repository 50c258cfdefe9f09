"""The tables `plans` and `actions`: read what is not in memory, write what changed; a statement each.

Every function works inside its caller's transaction. Called by `message_writer`.
"""

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Final

from agentbus.plan.projection import TERMINAL_STATUSES
from agentbus.plan.sequence import PlanSequence
from agentbus.postgres.database import Connection, Row
from agentbus.telemetry.aggregation.bulk import as_columns, insert, replacing
from agentbus.telemetry.aggregation.rows import Action, Plan

_PLANS: Final = {
    "plan_id": "text",
    "workspace_id": "text",
    "user_id": "text",
    "session_id": "text",
    "team_id": "text",
    "description": "text",
    "status": "text",
    "attempt": "bigint",
    "last_seq": "bigint",
    "partition": "integer",
    "created_at": "timestamptz",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "last_at": "timestamptz",
    "last_type": "text",
    "queue_seconds": "double precision",
    "messages": "bigint",
    "actions": "bigint",
    "failures": "bigint",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cost_usd": "numeric",
    "unpriced_tokens": "bigint",
    "trace_id": "text",
    "error_fingerprint": "text",
}
_ACTIONS: Final = {
    "plan_id": "text",
    "action_id": "text",
    "workspace_id": "text",
    "team_id": "text",
    "parent_action_id": "text",
    "agent": "text",
    "agent_type": "text",
    "tool": "text",
    "model": "text",
    "step_id": "text",
    "status": "text",
    "attempt": "bigint",
    "started_seq": "bigint",
    "ended_seq": "bigint",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "seconds": "double precision",
    "queue_seconds": "double precision",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cost_usd": "numeric",
    "error_fingerprint": "text",
    "trace_id": "text",
    "span_id": "text",
    "input": "text",
    "input_bytes": "bigint",
}
_IN_SEQUENCE: Final = ("attempt", "last_seq")
_plan_row: Final = attrgetter(*(f"sequence.{each}" if each in _IN_SEQUENCE else each for each in _PLANS))
_action_row: Final = attrgetter(*_ACTIONS)
_WRITE_PLANS: Final = insert("plans", _PLANS, replacing(["plan_id"], _PLANS))
_WRITE_ACTIONS: Final = insert("actions", _ACTIONS, replacing(["plan_id", "action_id"], _ACTIONS))


async def read_plans(connection: Connection, plan_ids: Collection[str]) -> dict[str, Plan]:
    """Returns those of the plans that are in the tables, with their running actions."""
    if not plan_ids:
        return {}
    rows = await connection.fetch("select * from telemetry.plans where plan_id = any($1)", list(plan_ids))
    plans = {row["plan_id"]: _plan(row) for row in rows}
    open_plans = [plan_id for plan_id, plan in plans.items() if plan.status not in TERMINAL_STATUSES]
    if not open_plans:
        return plans
    running = await connection.fetch(
        "select * from telemetry.actions where plan_id = any($1) and status = 'running' order by started_seq",
        open_plans,
    )
    for row in running:
        plans[row["plan_id"]].running[row["action_id"]] = _action(row)
    return plans


async def write_plans(connection: Connection, plans: Sequence[Plan]) -> None:
    """Makes the tables say what is in memory."""
    await connection.execute(_WRITE_PLANS, *as_columns([_plan_row(plan) for plan in plans], len(_PLANS)))


async def write_actions(connection: Connection, actions: Sequence[Action]) -> None:
    """Makes the tables say what is in memory."""
    if actions:
        rows = [_action_row(action) for action in actions]
        await connection.execute(_WRITE_ACTIONS, *as_columns(rows, len(_ACTIONS)))


def _plan(row: Row) -> Plan:
    given = {name: row[name] for name in _PLANS if name not in (*_IN_SEQUENCE, "queue_seconds")}
    sequence = PlanSequence(row["last_seq"], row["attempt"])
    return Plan(**given, sequence=sequence, queue_us=round(row["queue_seconds"] * 1e6))


def _action(row: Row) -> Action:
    given = {name: row[name] for name in _ACTIONS if name != "queue_seconds"}
    return Action(**given, queue_us=round(row["queue_seconds"] * 1e6))
