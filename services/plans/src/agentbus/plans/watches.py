"""Waiting for a plan's end by reading the bus, so that it works with the database down (A5.4).

Guarantee: a watch has every message that is appended after it was attached, accepted by the rule of all
consumers (`agentbus.plan.sequence`). Fed by `agentbus.bus.tail`; called by `handlers.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from pydantic import ValidationError

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import decode
from agentbus.bus.record import Record
from agentbus.bus.tail import Tail
from agentbus.contracts.message import TERMINAL_TYPES, Message
from agentbus.contracts.topics import MESSAGES
from agentbus.kernel.errors import Invalid, Transient
from agentbus.plan.projection import PlanDocument, apply
from agentbus.plan.sequence import PlanSequence
from agentbus.plans.instruments import WAITING, WAITS

ATTACH_SECONDS: Final = 1.0
"""How long the start of the service may wait for the bus."""

_UNTOLD: Final = {"type": "state_changed", "payload": {}}
"""Put over a message whose payload the projection cannot read, as the persister does."""


def message_in(record: Record) -> dict[str, Any] | None:
    """Returns the message as it came; None for a record that is none, which every consumer leaves out."""
    try:
        message = decode(record.value)
        Message.model_validate(message)
    except (Invalid, ValidationError):
        return None
    return message if message["plan_id"] == record.key else None


class BusWatch:
    """One request's view of one plan."""

    def __init__(self) -> None:
        self.plan: PlanDocument | None = None
        self.messages: list[dict[str, Any]] = []
        self._sequence = PlanSequence()
        self._early: list[dict[str, Any]] | None = []
        self._ended = False
        self._over = asyncio.Event()

    def hear(self, message: dict[str, Any]) -> None:
        """Takes in the next message of the log; keeps it aside until it is known what came before."""
        if self._early is not None:
            self._early.append(message)
        elif self._sequence.accept(message["seq"], message["attempt"]).accepted:
            self.messages.append(message)
            self.plan = told(self.plan, message)
            if message["type"] in TERMINAL_TYPES:
                self._ended = True
                self._over.set()

    def go_on_from(self, history: Sequence[dict[str, Any]]) -> None:
        """Says what came before the attachment."""
        early, self._early = self._early or [], None
        for message in (*history, *early):
            self.hear(message)

    async def until_end(self, seconds: float) -> bool:
        """Waits for the plan's end, at most `seconds` and until `give_up`; returns whether it came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return self._ended

    def give_up(self) -> None:
        """Ends the wait."""
        self._over.set()


def told(plan: PlanDocument | None, message: dict[str, Any]) -> PlanDocument:
    """Returns the plan after an accepted message, as the persister would store it."""
    try:
        return apply(plan, message)
    except (AttributeError, KeyError, TypeError, ValueError):
        return apply(plan, {**message, **_UNTOLD})


class BusWatches:
    """The watches of this process, at most `limit`, over one tail of `agent.messages`."""

    def __init__(self, address: BusAddress, limit: int) -> None:
        self._tail = Tail(address, [MESSAGES], self.on_records)
        self._limit = limit
        self._count = 0
        self._by_plan: dict[str, list[BusWatch]] = {}
        self._stopping = False

    async def start(self) -> None:
        """Attaches to the bus; goes on trying in the background when that does not work at once."""
        await self._tail.start(wait_seconds=ATTACH_SECONDS)

    async def stop(self) -> None:
        """Detaches from the bus."""
        await self._tail.stop()

    def end_waits(self) -> None:
        """Ends all waits, later ones at once: who waits is told the plan's id before the process stops."""
        self._stopping = True
        for watches in self._by_plan.values():
            for watch in watches:
                watch.give_up()

    async def check(self) -> None:
        """Raises Transient while it is not attached to the bus: what is said now would be missed."""
        if not self._tail.attached:
            raise Transient("Kafka cannot be reached", code="bus_unavailable")

    def on_records(self, records: list[Record]) -> None:
        """Hands new records to who watches their plans; all others are not even decoded."""
        for record in records:
            watches = self._by_plan.get(record.key)
            if watches and (message := message_in(record)) is not None:
                for watch in watches:
                    watch.hear(message)

    @asynccontextmanager
    async def watch(self, plan_id: str) -> AsyncIterator[BusWatch | None]:
        """Attaches to a plan; None when too many wait already. Raises Transient before the bus is reached."""
        if self._count >= self._limit:
            WAITS.labels("declined").inc()
            yield None
            return
        await self.check()
        watch = BusWatch()
        if self._stopping:
            watch.give_up()
        self._by_plan.setdefault(plan_id, []).append(watch)
        self._count += 1
        WAITING.inc()
        try:
            yield watch
        finally:
            self._count -= 1
            WAITING.dec()
            self._by_plan[plan_id].remove(watch)
            if not self._by_plan[plan_id]:
                del self._by_plan[plan_id]
