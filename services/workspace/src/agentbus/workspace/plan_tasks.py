"""Plans that work on a task tell it how far they are (B2). Called by `plan_subscriber.py`.

Guarantee: the task's change and how far the plan was followed are one transaction, so a batch may come again
after any failure and changes nothing twice; a task's fields are written when what the plan says of it
changes, not over what people did meanwhile. A plan that names no task, or one that is not there, writes
nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentbus.bus.batch import Batch, Poison
from agentbus.bus.messages import message_in
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Invalid
from agentbus.plan.folding import PlanFold
from agentbus.plan.projection import PlanDocument
from agentbus.postgres.database import Connection, Database
from agentbus.workspace import store
from agentbus.workspace.model import Author, Draft, Json, differing
from agentbus.workspace.plan_progress import progress, task_in, told, trimmed

Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class _Followed:
    """How far a plan was followed, and what it said of its task last."""

    task_id: str
    plan: PlanDocument | None
    said: Json


async def follow(batch: Batch, *, database: Database, clock: Clock) -> list[Poison]:
    """Follows the batch's plans that work on tasks; returns the poison.

    Raises Transient while PostgreSQL is away, and then the batch may be given again.
    """
    by_plan: dict[str, list[Mapping[str, Any]]] = {}
    poison = []
    for record in batch.records:
        try:
            by_plan.setdefault(record.key, []).append(message_in(record))
        except Invalid as error:
            poison.append(Poison(record, error.code, error.message))
    known = await _known(database, list(by_plan))
    for plan_id, messages in by_plan.items():
        if plan_id in known or any(map(task_in, messages)):
            async with database.transaction() as connection:
                await _follow_plan(connection, plan_id, messages, clock.now())
    return poison


async def _known(database: Database, plan_ids: list[str]) -> set[str]:
    async with database.transaction() as connection:
        rows = await connection.fetch(
            "select plan_id from workspace.task_plans where plan_id = any($1)", plan_ids
        )
    return {row["plan_id"] for row in rows}


async def _follow_plan(connection: Connection, plan_id: str, messages: Messages, at: datetime) -> None:
    workspace_id = messages[0]["workspace_id"]
    await store.lock(connection, workspace_id)
    followed = await _followed(connection, plan_id) or _begun(messages)
    if followed is None:
        return
    walk = PlanFold(followed.plan)
    for message in messages:
        walk.take(message)
    if walk.plan is None or walk.plan is followed.plan:
        return
    fields, said = progress(walk.plan), followed.said
    if fields != said:
        draft = await _draft(connection, workspace_id, followed, walk.plan, fields)
        if draft is not None:
            said = fields
            await _write(connection, workspace_id, draft, Author(walk.plan["user_id"], "plan"), at)
    await _keep(connection, workspace_id, _Followed(followed.task_id, trimmed(walk.plan), said))


async def _draft(
    connection: Connection, workspace_id: str, followed: _Followed, plan: PlanDocument, fields: Json
) -> Draft | None:
    """Returns the task with what the plan says; None when there is no task to tell."""
    task = await store.read(connection, workspace_id, "tasks", followed.task_id)
    if task is None or task.deleted:
        return None
    begins = followed.plan is None and not await _is_older(connection, plan, task.document.get("planId"))
    return Draft("tasks", told(task.document, fields, begins=begins), task)


async def _write(
    connection: Connection, workspace_id: str, draft: Draft, author: Author, at: datetime
) -> None:
    if draft.before is None or differing(draft.before.document, draft.document):
        await store.write(connection, workspace_id, [draft], author, at)


async def _is_older(connection: Connection, plan: PlanDocument, other_id: Any) -> bool:
    """Tells whether the other plan began later: partitions are followed beside each other, in any order."""
    if not isinstance(other_id, str):
        return False
    began = await connection.fetchval(
        "select plan->>'created_at' from workspace.task_plans where plan_id = $1", other_id
    )
    return began is not None and str(began) > str(plan["created_at"])


async def _followed(connection: Connection, plan_id: str) -> _Followed | None:
    row = await connection.fetchrow(
        "select task_id, plan, said from workspace.task_plans where plan_id = $1", plan_id
    )
    if row is None:
        return None
    return _Followed(row["task_id"], json.loads(row["plan"]), json.loads(row["said"]))


def _begun(messages: Messages) -> _Followed | None:
    task_id = next(filter(None, map(task_in, messages)), None)
    return _Followed(task_id, None, {}) if task_id is not None else None


async def _keep(connection: Connection, workspace_id: str, followed: _Followed) -> None:
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
