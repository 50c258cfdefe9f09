"""What the plan service needs of the world. Adapters are built in `app.py`; unit tests bring their own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from agentbus.contracts.commands import PlanCommand, StartPlan
from agentbus.contracts.payloads import Team
from agentbus.kernel.clock import Clock
from agentbus.mongo.plans import PlanCursor
from agentbus.plan.projection import PlanDocument
from agentbus.plans.access_acts import AccessParts


class StoredPlans(Protocol):
    """The plan documents. Each agrees with the stored messages up to its `last_seq`."""

    async def get(self, plan_id: str) -> dict[str, Any] | None:
        """Returns the plan, or None; raises Transient while the database is away."""
        ...

    async def page(
        self,
        workspace_id: str,
        session_id: str | None = None,
        status: str | None = None,
        limit: int = 50,
        before: PlanCursor | None = None,
    ) -> list[dict[str, Any]]:
        """Returns plans, newest first; raises Transient while the database is away."""
        ...


class StoredMessages(Protocol):
    """The message database: everything up to each plan's stored `last_seq`, and perhaps more."""

    async def read(self, plan_id: str, after_seq: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """Returns messages by `seq`; raises Transient while the database is away."""
        ...


class PlanBus(Protocol):
    """The bus, as far as plans are asked for and told there. Every call raises Transient without Kafka."""

    async def send(self, command: PlanCommand) -> int:
        """Returns the command's offset once Kafka has it. When it raises, the command has no effect later."""
        ...

    async def position(self, plan_id: str) -> int:
        """Returns the offset that the plan's next command would get."""
        ...

    async def first_start(self, plan_id: str, start: int | None, stop: int) -> StartPlan | None:
        """Returns the first start of the plan that counts among the commands at offsets [start, stop).

        `start` None means the oldest command that is kept.
        """
        ...

    async def unstored_plan(self, plan_id: str) -> PlanDocument | None:
        """Returns the plan when it is on the bus and not stored yet, as created; exact, see `bus.lookup`."""
        ...

    async def logged_plan(self, plan_id: str) -> PlanDocument | None:
        """Returns the plan as its whole log tells it, for when the database is away; None: there is none."""
        ...

    async def unstored_messages(self, plan_id: str) -> list[dict[str, Any]]:
        """Returns the messages that may not be stored yet, in log order."""
        ...

    def messages_since(self, plan_id: str, timestamp: str) -> AsyncIterator[dict[str, Any]]:
        """Yields the plan's messages that are on the bus and were published at `timestamp` or later."""
        ...


class Watch(Protocol):
    """What a plan says from the moment of attachment on, after what it had said before."""

    @property
    def plan(self) -> PlanDocument | None:
        """The plan as its messages so far tell it; None before the first."""
        ...

    @property
    def messages(self) -> Sequence[dict[str, Any]]:
        """The messages so far, each `seq` once and in order."""
        ...

    def go_on_from(self, history: Sequence[dict[str, Any]]) -> None:
        """Says what came before the attachment; an overlap with it does no harm. To be called once."""
        ...

    async def until_end(self, seconds: float) -> bool:
        """Waits for the plan's end, at most `seconds` and until `give_up`; returns whether it came."""
        ...

    def give_up(self) -> None:
        """Ends the wait."""
        ...


class Watches(Protocol):
    """The live end of the bus."""

    def watch(self, plan_id: str) -> AbstractAsyncContextManager[Watch | None]:
        """Attaches to a plan; None when too many wait already. Raises Transient before the bus is reached."""
        ...


@dataclass(frozen=True)
class Parts:
    """What handlers and reads work with; built in `app.py`."""

    plans: StoredPlans
    messages: StoredMessages
    bus: PlanBus
    watches: Watches
    access: AccessParts
    clock: Clock
    teams: Mapping[str, Team]
    start_valid_for: timedelta
    stored_wait_seconds: float
