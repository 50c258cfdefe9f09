"""What one partition of `agent.messages` says: each plan's messages to store, and the plan that they tell.

Walks the log by the persister's own rules. Holds a digest and an offset a message, about 300 bytes, never
the messages. Called by `comparison.py`, a partition at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Self

import orjson

from agentbus.bus.messages import message_in
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded.progress import Report as Progress
from agentbus.kernel.errors import Invalid
from agentbus.plan.folding import PlanFold
from agentbus.plan.projection import PlanDocument

_TOLD_EVERY: Final = 2000


def digest(value: dict[str, Any]) -> bytes:
    """Returns 16 bytes that are the same for equal JSON objects, whatever the order of their fields."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


@dataclass
class LoggedPlan:
    """One plan as the log has it; `entries` are by `seq`: the record's offset and the message's digest."""

    first_offset: int
    next_offset: int = 0
    settled_seq: int = 0
    """The last accepted `seq` below the committed offset: the stored plan is at least there."""

    fold: PlanFold = field(default_factory=PlanFold)
    entries: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def last_seq(self) -> int:
        """The last accepted `seq`."""
        return self.fold.sequence.last_seq


class PartitionLog:
    """Partition `number`, up to where it was read; with `only`, of those plans alone.

    Below offset `settled` the persister has committed, so all of that is stored or put aside.
    """

    def __init__(
        self, reader: Reader, number: int, *, begin: int, settled: int, only: frozenset[str] | None
    ) -> None:
        self._reader = reader
        self._only = only
        self._reading = asyncio.Lock()
        self._begin = self._position = begin
        self.number = number
        self.settled = settled
        self.plans: dict[str, LoggedPlan] = {}
        self.unreadable: list[tuple[int, str]] = []
        """Offset and key of the records that hold no message."""

    @classmethod
    async def at(cls, reader: Reader, number: int, settled: int, only: frozenset[str] | None = None) -> Self:
        """Returns the partition's log with nothing read yet. Raises Transient as `Reader` does."""
        begin = await reader.begin_offset(MESSAGES, number)
        return cls(reader, number, begin=begin, settled=settled, only=only)

    @property
    def trimmed(self) -> bool:
        """Whether retention has taken away the log's beginning, so that the database may know more."""
        return self._begin > 0

    def covers(self, key: str) -> bool:
        """Tells whether records with this key are looked at."""
        return self._only is None or key in self._only

    async def read_on(self, progress: Progress) -> None:
        """Reads from where it stopped to the present end. Raises Transient as `Reader` does."""
        async with self._reading:
            end = await self._reader.end_offset(MESSAGES, self.number)
            if end <= self._position:
                return
            async for record in self._reader.read(MESSAGES, self.number, self._position, end):
                if self.covers(record.key):
                    self._take(record)
                if record.offset % _TOLD_EVERY == 0:
                    progress(f"partition {self.number}", f"{record.offset - self._begin} records read")
            self._position = end

    def offset(self, plan_id: str, seq: int) -> int:
        """Returns where the message that is to be stored under this `seq` stands."""
        return self.plans[plan_id].entries[seq][0]

    async def message(self, plan_id: str, seq: int) -> dict[str, Any]:
        """Returns the message that is to be stored under this `seq`, read again."""
        offset = self.offset(plan_id, seq)
        async for record in self._reader.read(MESSAGES, self.number, offset, offset + 1):
            return message_in(record)
        raise Invalid(f"{MESSAGES}:{self.number}:{offset} is gone from the log", code="gone")

    async def messages(self, offsets: Collection[int]) -> AsyncIterator[dict[str, Any]]:
        """Yields the messages at these offsets, in one walk from the first to the last."""
        if offsets:
            stop = max(offsets) + 1
            async for record in self._reader.read(MESSAGES, self.number, min(offsets), stop):
                if record.offset in offsets:
                    yield message_in(record)

    async def plan_at(self, plan_id: str, seq: int) -> PlanDocument | None:
        """Returns the plan as it was once the log stood at `seq`."""
        logged = self.plans[plan_id]
        if seq == logged.last_seq:
            return logged.fold.plan
        fold, start, stop = PlanFold(), logged.first_offset, logged.next_offset
        async for record in self._reader.read(MESSAGES, self.number, start, stop, plan_id):
            if fold.sequence.last_seq >= seq:
                break
            try:
                fold.take(message_in(record))
            except Invalid:
                continue
        return fold.plan

    def _take(self, record: Record) -> None:
        try:
            message = message_in(record)
        except Invalid:
            self.unreadable.append((record.offset, record.key))
            return
        plan = self.plans.setdefault(record.key, LoggedPlan(record.offset))
        taken = plan.fold.take(message)
        if taken.kept:
            plan.entries.setdefault(message["seq"], (record.offset, digest(message)))
        if taken.verdict.accepted and record.offset < self.settled:
            plan.settled_seq = message["seq"]
        plan.next_offset = record.offset + 1
