"""What runs in a workspace now: plans that have not ended, their actions, how long those usually take.

Called by `routes.py`.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from agentbus.contracts.http.observability import LiveAction, LiveAnswer, LivePlan
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Connection, Row
from agentbus.telemetry.reading.history import Expected, Use, read_history
from agentbus.telemetry.reading.parts import Reading

_ACTIONS_A_PLAN: Final = 50

_PLANS: Final = """
    select *, coalesce(created_at, last_at) as began_at, count(*) over () as plans_total
    from telemetry.plans where workspace_id = $1 and ended_at is null
    order by coalesce(created_at, last_at) desc, plan_id limit $2
"""
_ACTIONS: Final = f"""
    select * from (
        select *, row_number() over (partition by plan_id order by started_at, action_id) as place,
            count(*) over (partition by plan_id) as running_total, count(*) over () as actions_total
        from telemetry.actions where workspace_id = $1 and status = 'running'
    ) as running
    where plan_id = any($2) and place <= {_ACTIONS_A_PLAN} order by plan_id, place
"""  # noqa: S608  our own words


async def read_live(workspace_id: str, *, limit: int, parts: Reading) -> LiveAnswer:
    """Returns the newest plans that run, as of one moment; raises Transient."""
    now = parts.clock.now()
    async with parts.database.transaction(snapshot=True) as connection:
        plans = await connection.fetch(_PLANS, workspace_id, limit)
        actions = await connection.fetch(_ACTIONS, workspace_id, [plan["plan_id"] for plan in plans])
        expected = await _expected(connection, workspace_id, actions, now)
    by_plan: defaultdict[str, list[Row]] = defaultdict(list)
    for action in actions:
        by_plan[action["plan_id"]].append(action)
    return LiveAnswer(
        at=format_timestamp(now),
        plans=[_plan(plan, by_plan[plan["plan_id"]], expected, now) for plan in plans],
        plans_total=plans[0]["plans_total"] if plans else 0,
        actions_total=actions[0]["actions_total"] if actions else 0,
    )


async def _expected(
    connection: Connection, workspace_id: str, actions: list[Row], now: datetime
) -> dict[Use, Expected]:
    uses = {Use(each["agent"], each["tool"]) for each in actions}
    return await read_history(connection, workspace_id, uses, now)


def _plan(row: Row, actions: list[Row], expected: dict[Use, Expected], now: datetime) -> LivePlan:
    return LivePlan(
        plan_id=row["plan_id"],
        description=row["description"],
        status=row["status"],
        team=row["team_id"],
        user_id=row["user_id"],
        session_id=row["session_id"],
        created_at=format_timestamp(row["began_at"]),
        seconds=seconds_between(row["began_at"], now),
        messages=row["messages"],
        actions_done=row["actions"],
        failures=row["failures"],
        running=[_action(each, expected, now) for each in actions],
        running_total=actions[0]["running_total"] if actions else 0,
    )


def _action(row: Row, expected: dict[Use, Expected], now: datetime) -> LiveAction:
    names = ("action_id", "parent_action_id", "agent", "agent_type", "tool", "model")
    usual = expected.get(Use(row["agent"], row["tool"]))
    plain: dict[str, Any] = {name: row[name] for name in names}
    return LiveAction(
        **plain,
        started_at=format_timestamp(row["started_at"]),
        seconds=seconds_between(row["started_at"], now),
        expected_seconds=usual.p95_seconds if usual is not None and usual.enough else None,
    )


def seconds_between(begin: datetime, end: datetime) -> float:
    """Returns how long it is, or 0 where clocks disagree."""
    return max(0.0, (end - begin).total_seconds())
