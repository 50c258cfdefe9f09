"""What people and outside clients say about a plan: one function each, a command on the bus each.

Order everywhere: validate, find the plan, refuse what cannot have an effect, send, answer. The runner
decides, and its decision shows as a message of the plan. Called by `routes.py`.
"""

from dataclasses import dataclass
from typing import Any

from agentbus.chassis.auth import Principal
from agentbus.contracts.commands import AddMessage, AnswerClarification, ApprovePlan, CancelPlan
from agentbus.contracts.http.plans import AgentMessage, CancelRequest, PlanApproval, UserClarification
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.errors import Transient
from agentbus.plan.projection import PlanDocument
from agentbus.plans.directory import addressed, named
from agentbus.plans.errors import PlanHasEnded
from agentbus.plans.instruments import COMMANDS
from agentbus.plans.model import check_json, command_id, has_ended
from agentbus.plans.ports import Parts

Accepted = dict[str, Any]
Said = ApprovePlan | AnswerClarification | AddMessage | CancelPlan


@dataclass(frozen=True)
class Caller:
    """Who says it, and under which `Idempotency-Key`, if any."""

    who: Principal
    key: str | None


async def approve(request: PlanApproval, caller: Caller, *, parts: Parts) -> Accepted:
    """Approves or rejects the plan's steps. Raises PlanNotFound, PlanHasEnded, Transient."""
    plan = await named(request.plan_id, request.m_plan_id, caller.who, plans=parts.plans, bus=parts.bus)
    return await _send(
        ApprovePlan(
            **_envelope(_open(plan), caller, "approve", parts),
            m_plan_id=request.m_plan_id,
            approved=request.approved,
            feedback=request.feedback or "",
        ),
        parts,
    )


async def clarify(request: UserClarification, caller: Caller, *, parts: Parts) -> Accepted:
    """Answers the plan's question. Raises PlanNotFound, PlanHasEnded, Transient."""
    plan = await named(request.plan_id, request.m_plan_id, caller.who, plans=parts.plans, bus=parts.bus)
    return await _send(
        AnswerClarification(
            **_envelope(_open(plan), caller, "clarify", parts),
            request_id=request.request_id or "",
            answer=request.answer,
        ),
        parts,
    )


async def add_message(request: AgentMessage, caller: Caller, *, parts: Parts) -> Accepted:
    """Adds a client's message, also after the end. Raises PlanNotFound, Transient."""
    check_json(request.raw_data, "raw_data")
    plan = await addressed(request.plan_id, caller.who, plans=parts.plans, bus=parts.bus)
    return await _send(
        AddMessage(
            **_envelope(plan, caller, "message", parts),
            agent_name=request.agent,
            agent_type=request.agent_type,
            content=request.content,
            is_final=bool(request.is_final),
            raw_data=request.raw_data,
            streaming_message=request.streaming_message or "",
        ),
        parts,
    )


async def cancel(plan_id: str, request: CancelRequest, caller: Caller, *, parts: Parts) -> Accepted:
    """Stops the plan. Raises PlanNotFound, PlanHasEnded, Transient."""
    plan = await addressed(plan_id, caller.who, plans=parts.plans, bus=parts.bus)
    envelope = _envelope(_open(plan), caller, "cancel", parts)
    return await _send(CancelPlan(**envelope, reason=request.reason or ""), parts)


def _open(plan: PlanDocument) -> PlanDocument:
    if has_ended(plan):
        raise PlanHasEnded(f"the plan has ended: {plan['status']}")
    return plan


def _envelope(plan: PlanDocument, caller: Caller, kind: str, parts: Parts) -> dict[str, Any]:
    return {
        "command_id": command_id(caller.who, plan["plan_id"], kind, caller.key),
        "plan_id": plan["plan_id"],
        "workspace_id": caller.who.workspace_id,
        "user_id": caller.who.user_id,
        "issued_at": format_timestamp(parts.clock.now()),
    }


async def _send(command: Said, parts: Parts) -> Accepted:
    kind = command.type
    try:
        await parts.bus.send(command)
    except Transient:
        COMMANDS.labels(kind, "unavailable").inc()
        raise
    COMMANDS.labels(kind, "sent").inc()
    return {"status": "accepted", "plan_id": command.plan_id, "command_id": command.command_id}
