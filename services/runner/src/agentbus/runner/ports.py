"""What the runner needs from outside, and what it relies on."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from agentbus.contracts.plan_record import PlanRecord


class MessageOutbox(Protocol):
    """Keeps records until the bus has them; order per key is kept, nothing is lost when the process dies."""

    async def append(self, topic: str, key: str, value: Mapping[str, Any], *, schema: str) -> None:
        """Returns when the record is durable here. Raises Transient when it cannot be written now."""
        ...

    async def drained(self) -> None:
        """Returns when the bus has acknowledged everything that was appended before this call."""
        ...


class PlanMessages(Protocol):
    """The log of plans on the bus, past the outbox: for taking a plan over."""

    async def end(self, partition: int) -> int:
        """Returns the offset after the newest message of the partition."""
        ...

    async def offset_at(self, partition: int, moment: datetime) -> int:
        """Returns the offset of the first message that the broker took at `moment` or later."""
        ...

    def read(
        self, partition: int, start: int, stop: int | None = None, plan_id: str | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yields messages (of one plan) from `start` up to `stop` (None: the end now), in log order."""
        ...

    async def publish(self, plan_id: str, message: Mapping[str, Any]) -> int:
        """Publishes a message; returns the offset that it got. Raises Transient."""
        ...


class PlanRecords(Protocol):
    """The compacted topic `agent.plans`."""

    def read(self, partition: int, plan_id: str | None = None) -> AsyncIterator[PlanRecord]:
        """Yields a partition's records (of one plan), oldest first; of one plan the last counts."""
        ...

    async def write(self, record: PlanRecord) -> None:
        """Returns when the bus holds the record. Raises Transient."""
        ...


class LiveText(Protocol):
    """The live view of texts that are still being written."""

    def show(self, chunk: Mapping[str, Any]) -> None:
        """Sends a chunk to live watchers; never blocks, may drop it when the bus is away."""
        ...
