"""Which plan works on which task, and how far it was followed, in PostgreSQL. For `plan_tasks.py`.

Every function works inside its caller's transaction, which has the plan's workspace locked to write.
"""

import json
from dataclasses import dataclass

from agentbus.plan.projection import PlanDocument
from agentbus.postgres.database import Connection, Row
from agentbus.workspace.model import Json


@dataclass(frozen=True)
class Followed:
    """How far a plan was followed (None: not yet), and what it said of its task last."""

    task_id: str
    plan: PlanDocument | None
    said: Json


async def known(connection: Connection, plan_ids: list[str]) -> set[str]:
    """Returns those of the plans that work on tasks, as far as they were followed."""
    rows = await connection.fetch(
        "select plan_id from workspace.task_plans where plan_id = any($1)", plan_ids
    )
    return {row["plan_id"] for row in rows}


async def read(connection: Connection, plan_id: str) -> Followed | None:
    """Returns the plan; None when it was not followed yet."""
    row = await connection.fetchrow(
        "select task_id, plan, said from workspace.task_plans where plan_id = $1", plan_id
    )
    return _followed(row) if row is not None else None


async def newest_of(connection: Connection, workspace_id: str, task_id: str) -> Followed | None:
    """Returns the plan that began last of those that work on the task."""
    row = await connection.fetchrow(
        "select task_id, plan, said from workspace.task_plans where workspace_id = $1 and task_id = $2 "
        "order by plan->>'created_at' desc limit 1",
        workspace_id,
        task_id,
    )
    return _followed(row) if row is not None else None


async def began_at(connection: Connection, plan_id: str) -> str | None:
    """Returns when the plan began, as its log says it; None when it was not followed yet."""
    began: str | None = await connection.fetchval(
        "select plan->>'created_at' from workspace.task_plans where plan_id = $1", plan_id
    )
    return began


async def keep(connection: Connection, workspace_id: str, followed: Followed) -> None:
    """Keeps it, in place of what was kept of the plan before."""
    assert followed.plan is not None
    await connection.execute(
        """
        insert into workspace.task_plans (plan_id, workspace_id, task_id, plan, said)
        values ($1, $2, $3, $4, $5)
        on conflict (plan_id) do update set plan = excluded.plan, said = excluded.said
        """,
        followed.plan["plan_id"],
        workspace_id,
        followed.task_id,
        json.dumps(followed.plan),
        json.dumps(followed.said),
    )


def _followed(row: Row) -> Followed:
    return Followed(row["task_id"], json.loads(row["plan"]), json.loads(row["said"]))
