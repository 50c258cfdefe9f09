"""Whose plan is this? Exact also for a plan that is not stored yet, and while the database is away.

Called by a session before it lets anyone see anything of a plan.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from agentbus.bus.codec import decode
from agentbus.bus.record import Record
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.topics import MESSAGES
from agentbus.gateway.model import Question
from agentbus.gateway.ports import Log, StoredPlans
from agentbus.kernel.errors import Invalid, Transient


@dataclass(frozen=True)
class KnownPlan:
    """What must be known of a plan to let someone watch it."""

    workspace_id: str
    last_seq: int


class Directory:
    """Finds plans in the database, then on the bus."""

    def __init__(
        self,
        plans: StoredPlans,
        log: Log,
        *,
        find_start: Callable[[str], Awaitable[StartPlan | None]],
        unstored: Callable[[str], Awaitable[list[Record]]],
    ) -> None:
        self._plans = plans
        self._log = log
        self._find_start = find_start
        self._unstored = unstored

    async def find(self, plan_id: str) -> KnownPlan | None:
        """Returns the plan, or None when there is none. Raises Transient when neither side can tell."""
        try:
            if (stored := await self._plans.get(plan_id)) is not None:
                return _of_document(stored)
        except Transient:
            return await self._on_bus(plan_id) or await self._in_whole_topic(plan_id)
        if (found := await self._on_bus(plan_id)) is not None:
            return found
        # Started, finished and stored while we looked on the bus: then it is in the database by now.
        stored = await self._plans.get(plan_id)
        return _of_document(stored) if stored is not None else None

    async def question(self, plan_id: str) -> Question | None:
        """Returns what the stored plan waits for; None for nothing, or when it cannot be told."""
        try:
            plan = await self._plans.get(plan_id) or {}
        except Transient:
            return None
        match plan.get("status"):
            case "pending_approval":
                return Question("approval", (plan.get("m_plan") or {}).get("id", ""))
            case "pending_clarification":
                return Question("clarification", "")
            case _:
                return None

    async def _on_bus(self, plan_id: str) -> KnownPlan | None:
        start = await self._find_start(plan_id)
        if start is not None:
            return KnownPlan(start.workspace_id, 0)
        for record in await self._unstored(plan_id):
            if (found := _of_record(record)) is not None:
                return found
        return None

    async def _in_whole_topic(self, plan_id: str) -> KnownPlan | None:
        partition = await self._log.partition_for(MESSAGES, plan_id)
        begin = await self._log.begin_offset(MESSAGES, partition)
        async with aclosing(self._log.read(MESSAGES, partition, begin, key=plan_id)) as records:
            async for record in records:
                if (found := _of_record(record)) is not None:
                    return found
        return None


def _of_document(plan: dict[str, Any]) -> KnownPlan:
    return KnownPlan(plan["workspace_id"], plan["last_seq"])


def _of_record(record: Record) -> KnownPlan | None:
    try:
        message = decode(record.value)
        return KnownPlan(str(message["workspace_id"]), int(message["seq"]))
    except (Invalid, KeyError, TypeError, ValueError):
        return None
