"""Whose plan is this? Exact also for a plan that is not stored yet, and while the database is away.

On the bus it reads the starts that no runner has done with and the plans' newest records, never messages: so
many plans at once, for so long, and once for all who ask for the same plan meanwhile. Called by a session
before it lets anyone see anything of a plan.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.gateway.model import Question
from agentbus.gateway.ports import StoredPlans
from agentbus.kernel.errors import Transient


@dataclass(frozen=True)
class KnownPlan:
    """What must be known of a plan to let someone watch it."""

    workspace_id: str
    last_seq: int


@dataclass(frozen=True)
class _Lookup:
    began: float
    found: asyncio.Task[KnownPlan | None]


class Directory:
    """Finds plans in the database, then on the bus."""

    def __init__(
        self,
        plans: StoredPlans,
        *,
        find_start: Callable[[str], Awaitable[StartPlan | None]],
        find_record: Callable[[str], Awaitable[PlanRecord | None]],
        at_once: int,
        within_seconds: float,
    ) -> None:
        self._plans = plans
        self._find_start = find_start
        self._find_record = find_record
        self._turns = asyncio.Semaphore(at_once)
        self._within_seconds = within_seconds
        self._lookups: dict[str, _Lookup] = {}

    async def find(self, plan_id: str) -> KnownPlan | None:
        """Returns the plan, or None when there is none. Raises Transient when neither side can tell."""
        try:
            if (stored := await self._plans.get(plan_id)) is not None:
                return _of_document(stored)
        except Transient:
            return await self._on_bus(plan_id)
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
        """Shares a lookup that runs, unless it began before now and finds nothing: a start may have come.

        Raises Transient when it takes too long: bounded, however many ask for plans that are none.
        """
        clock = asyncio.get_running_loop().time
        asked = clock()
        while True:
            lookup = self._lookups.get(plan_id)
            if lookup is None:
                lookup = _Lookup(clock(), asyncio.create_task(self._in_turn(plan_id)))
                self._lookups[plan_id] = lookup
                lookup.found.add_done_callback(lambda _: self._lookups.pop(plan_id))
            found = await asyncio.shield(lookup.found)
            if found is not None or lookup.began >= asked:
                return found

    async def _in_turn(self, plan_id: str) -> KnownPlan | None:
        try:
            async with asyncio.timeout(self._within_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise Transient("too many plans are looked up at once") from None
        try:
            async with asyncio.timeout(self._within_seconds):
                return await self._looked_up(plan_id)
        except TimeoutError:
            raise Transient("looking for the plan on the bus took too long") from None
        finally:
            self._turns.release()

    async def _looked_up(self, plan_id: str) -> KnownPlan | None:
        # In this order: a start that the runner has done with has a record by then.
        start = await self._find_start(plan_id)
        if start is None and (record := await self._find_record(plan_id)) is not None:
            start = record.start
        return KnownPlan(start.workspace_id, 0) if start is not None else None


def _of_document(plan: dict[str, Any]) -> KnownPlan:
    return KnownPlan(plan["workspace_id"], plan["last_seq"])
