"""Which plan is this, and may the caller see it? Exact also for a plan that is not stored yet (A3.2).

Called by `handlers.py` and `reads.py` before anything of a plan is told or done.
"""

from agentbus.chassis.auth import Principal
from agentbus.kernel.errors import Transient
from agentbus.plan.projection import PlanDocument
from agentbus.plans.errors import PlanNotFound
from agentbus.plans.ports import PlanBus, StoredPlans

_PENDING_LIMIT = 200


async def find(plan_id: str, *, plans: StoredPlans, bus: PlanBus) -> PlanDocument | None:
    """Returns the plan as stored, or as created when only the bus has it; None when there is none.

    Raises Transient when the database, or after a miss there the bus, is away.
    """
    stored = await plans.get(plan_id)
    if stored is not None:
        return stored
    # Stored while we looked on the bus: then it is in the database by now.
    return await bus.unstored_plan(plan_id) or await plans.get(plan_id)


async def visible(plan_id: str, who: Principal, *, plans: StoredPlans, bus: PlanBus) -> PlanDocument:
    """Returns the plan if it is the caller's to see; raises PlanNotFound, Transient."""
    return _seen_by(who, await find(plan_id, plans=plans, bus=bus))


async def addressed(plan_id: str, who: Principal, *, plans: StoredPlans, bus: PlanBus) -> PlanDocument:
    """As `visible`, and also while the database is away: agents can be steered then, too.

    Raises Transient when the bus is away as well.
    """
    try:
        plan = await find(plan_id, plans=plans, bus=bus)
    except Transient:
        plan = await bus.logged_plan(plan_id)
    return _seen_by(who, plan)


def _seen_by(who: Principal, plan: PlanDocument | None) -> PlanDocument:
    # Another workspace's plan is answered like none: whether an id is taken is not for them to know.
    if plan is None or plan["workspace_id"] != who.workspace_id:
        raise PlanNotFound("there is no such plan")
    return plan


async def named(
    plan_id: str | None, m_plan_id: str | None, who: Principal, *, plans: StoredPlans, bus: PlanBus
) -> PlanDocument:
    """Returns the plan that a client names by either id: by `m_plan_id` among those that wait for approval.

    Raises as `addressed`; by `m_plan_id` alone, Transient while the database is away.
    """
    if plan_id:
        return await addressed(plan_id, who, plans=plans, bus=bus)
    for plan in await plans.page(who.workspace_id, status="pending_approval", limit=_PENDING_LIMIT):
        if m_plan_id and (plan["m_plan"] or {}).get("id") == m_plan_id:
            return plan
    raise PlanNotFound("name the plan by plan_id, or by the m_plan_id that waits for approval")
