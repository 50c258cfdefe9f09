"""Plans that work on a task tell it how far they are (B2). Called by `plan_subscriber.py` and `editing.py`.

Guarantee: the task's change and how far the plan was followed are one transaction, so a batch may come again
after any failure and changes nothing twice; a task's fields are written when what the plan says of it
changes, not over what people did meanwhile. A plan that names no task writes nothing; one that names a task
that is not there yet is told to it when it comes into being, also after the plan's end (decision 0038).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agentbus.bus.batch import Batch, Poison
from agentbus.bus.messages import message_in
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Invalid
from agentbus.plan.folding import PlanFold
from agentbus.plan.projection import PlanDocument
from agentbus.postgres.database import Connection, Database
from agentbus.workspace import store, task_plans
from agentbus.workspace.model import Author, Draft, Json, Stored, differing
from agentbus.workspace.plan_progress import progress, task_in, told, trimmed
from agentbus.workspace.task_plans import Followed
from agentbus.workspace.turns import Turns

Messages = Sequence[Mapping[str, Any]]


async def follow(batch: Batch, *, database: Database, turns: Turns, clock: Clock) -> list[Poison]:
    """Follows the batch's plans that work on tasks; returns the poison.

    Raises Transient while PostgreSQL is away or the workspace is busy; then the batch may be given again.
    """
    by_plan: dict[str, list[Mapping[str, Any]]] = {}
    poison = []
    for record in batch.records:
        try:
            by_plan.setdefault(record.key, []).append(message_in(record))
        except Invalid as error:
            poison.append(Poison(record, error.code, error.message))
    async with database.transaction() as connection:
        known = await task_plans.known(connection, list(by_plan))
    for plan_id, messages in by_plan.items():
        if plan_id in known or any(map(task_in, messages)):
            workspace_id = messages[0]["workspace_id"]
            async with turns.changing(workspace_id) as connection:
                await _follow_plan(connection, workspace_id, plan_id, messages, clock.now())
    return poison


async def tell(connection: Connection, workspace_id: str, new: Stored, at: datetime) -> Stored:
    """Tells a task that came into being what the plan that works on it has said so far; returns the task.

    The workspace is locked.
    """
    followed = await task_plans.newest_of(connection, workspace_id, new.id)
    if followed is None or followed.plan is None:
        return new
    fields = progress(followed.plan)
    begins = not await _is_older(connection, followed.plan, new.document.get("planId"))
    task = await _write(
        connection, workspace_id, followed.plan, told(new.document, fields, begins=begins), new, at
    )
    await task_plans.keep(connection, workspace_id, replace(followed, said=fields))
    return task


async def _follow_plan(
    connection: Connection, workspace_id: str, plan_id: str, messages: Messages, at: datetime
) -> None:
    followed = await task_plans.read(connection, plan_id) or _begun(messages)
    if followed is None:
        return
    walk = PlanFold(followed.plan)
    for message in messages:
        walk.take(message)
    if walk.plan is None or walk.plan is followed.plan:
        return
    fields, said = progress(walk.plan), followed.said
    task = await store.read(connection, workspace_id, "tasks", followed.task_id) if fields != said else None
    if task is not None and not task.deleted:
        begins = followed.plan is None and not await _is_older(
            connection, walk.plan, task.document.get("planId")
        )
        said = fields
        await _write(
            connection, workspace_id, walk.plan, told(task.document, fields, begins=begins), task, at
        )
    kept = Followed(followed.task_id, trimmed(walk.plan), said)
    await task_plans.keep(connection, workspace_id, kept)


async def _write(
    connection: Connection, workspace_id: str, plan: PlanDocument, document: Json, task: Stored, at: datetime
) -> Stored:
    """Writes the task as its plan's user, unless it is so already; returns it."""
    if not differing(task.document, document):
        return task
    author = Author(plan["user_id"], "plan")
    return (await store.write(connection, workspace_id, [Draft("tasks", document, task)], author, at))[0]


async def _is_older(connection: Connection, plan: PlanDocument, other_id: Any) -> bool:
    """Tells whether the other plan began later: partitions are followed beside each other, in any order."""
    if not isinstance(other_id, str):
        return False
    began = await task_plans.began_at(connection, other_id)
    return began is not None and began > str(plan["created_at"])


def _begun(messages: Messages) -> Followed | None:
    task_id = next(filter(None, map(task_in, messages)), None)
    return Followed(task_id, None, {}) if task_id is not None else None
