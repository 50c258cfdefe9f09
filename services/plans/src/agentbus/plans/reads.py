"""Reading plans back: what is stored, and of a plan that is not stored yet, that it was created (A3).

A plan and its messages always agree: messages are given out up to the plan's `last_seq`, which the persister
saves after them. Called by `routes.py`.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from agentbus.chassis.auth import Principal
from agentbus.kernel.backoff import Backoff
from agentbus.plan.projection import PlanDocument
from agentbus.plans.directory import visible
from agentbus.plans.instruments import MESSAGES_SERVED
from agentbus.plans.ports import Parts, StoredPlans
from agentbus.plans.views import cursor_after, listed_view, parse_cursor

_POLL: Final = Backoff(first_seconds=0.02, limit_seconds=0.25)


@dataclass(frozen=True)
class MessagePage:
    """Messages in order; `next_after` is where the rest begins, None when there is none."""

    messages: list[dict[str, Any]]
    next_after: int | None


@dataclass(frozen=True)
class PlanPage:
    """Plans as clients see them, newest first; `cursor` is where the rest begins, None when there is none."""

    plans: list[dict[str, Any]]
    cursor: str | None


async def read_plan(plan_id: str, who: Principal, *, min_seq: int, parts: Parts) -> PlanDocument:
    """Returns the plan; first waits, for a bounded time, until it is stored up to `min_seq`.

    When the time is up, returns it as it is: its `last_seq` tells. Raises PlanNotFound,
    Transient when the database is away.
    """
    plan = await visible(plan_id, who, plans=parts.plans, bus=parts.bus)
    if plan["last_seq"] >= min_seq:
        return plan
    try:
        async with asyncio.timeout(parts.stored_wait_seconds):
            return await _stored_up_to(min_seq, plan_id, parts.plans)
    except TimeoutError:
        return await parts.plans.get(plan_id) or plan


async def _stored_up_to(min_seq: int, plan_id: str, plans: StoredPlans) -> PlanDocument:
    attempt = 0
    while True:
        stored = await plans.get(plan_id)
        if stored is not None and stored["last_seq"] >= min_seq:
            return stored
        attempt += 1
        await asyncio.sleep(_POLL.delay(attempt))


async def read_messages(plan: PlanDocument, *, after_seq: int, limit: int, parts: Parts) -> MessagePage:
    """Returns the plan's stored messages after `after_seq`, at most `limit`; raises Transient."""
    wanted = min(limit, plan["last_seq"] - after_seq)
    if wanted <= 0:
        return MessagePage([], None)
    read = await parts.messages.read(plan["plan_id"], after_seq, wanted)
    page = [message for message in read if message["seq"] <= plan["last_seq"]]
    MESSAGES_SERVED.inc(len(page))
    return MessagePage(page, page[-1]["seq"] if page and page[-1]["seq"] < plan["last_seq"] else None)


async def list_plans(
    who: Principal,
    *,
    session_id: str | None,
    status: str | None,
    limit: int,
    cursor: str | None,
    parts: Parts,
) -> PlanPage:
    """Returns the workspace's stored plans, newest first; raises BadCursor, Transient."""
    before = parse_cursor(cursor) if cursor is not None else None
    found = await parts.plans.page(who.workspace_id, session_id, status, limit + 1, before)
    page = found[:limit]
    return PlanPage(
        [listed_view(plan) for plan in page], cursor_after(page[-1]) if len(found) > limit else None
    )
