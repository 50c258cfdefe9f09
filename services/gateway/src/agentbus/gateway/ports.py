"""What the gateway needs of the world. Adapters are built in `app.py`; unit tests bring their own."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from agentbus.bus.record import Record, Sent
from agentbus.plan.dialect import Dialect


class StoredMessages(Protocol):
    """The message database. Holds everything below the persister's committed offset, and perhaps more."""

    async def read(
        self, plan_id: str, after_seq: int = 0, limit: int | None = None
    ) -> Sequence[dict[str, Any]]:
        """Returns messages by `seq`; raises Transient while the database is away."""
        ...


class StoredPlans(Protocol):
    """The plan documents, which may lag behind the log."""

    async def get(self, plan_id: str) -> dict[str, Any] | None:
        """Returns the plan, or None; raises Transient while the database is away."""
        ...


class Log(Protocol):
    """The topics, read at will. Everything raises Transient while Kafka is away."""

    async def partition_for(self, topic: str, key: str) -> int:
        """Returns the partition of `key`."""
        ...

    async def begin_offset(self, topic: str, partition: int) -> int:
        """Returns the first offset that is kept."""
        ...

    async def committed(self, group: str, topic: str, partition: int) -> int:
        """Returns the offset that `group` has committed, 0 when none."""
        ...

    def read(
        self, topic: str, partition: int, start: int, stop: int | None = None, key: str | None = None
    ) -> AsyncGenerator[Record, None]:
        """Yields the records of `key` in offsets [start, stop); to be closed when not read to the end."""
        ...


class Live(Protocol):
    """The live end of the topics."""

    def position(self, topic: str, partition: int) -> int:
        """Returns the next offset to be handed over; raises Transient before attachment."""
        ...


class Commands(Protocol):
    """Where commands go."""

    async def send(
        self, topic: str, key: str, value: bytes | None, *, schema: str, timeout_seconds: float = 5.0
    ) -> Sent:
        """Returns when the bus has it; raises Transient, and then it is not sent later."""
        ...


class Watcher(Protocol):
    """A socket, as a room sees it."""

    @property
    def dialect(self) -> Dialect:
        """How its messages look."""
        ...

    def write(self, frames: bytes, count: int) -> None:
        """Sends `count` whole frames. Never waits: a socket that does not read is closed instead."""
        ...

    def take(self, frames: bytes, count: int) -> bool:
        """As `write`, not counted in the metrics; returns whether it was sent."""
        ...


class Reader(Watcher, Protocol):
    """A socket that history is sent to."""

    async def drained(self, within_seconds: float) -> None:
        """Returns when little is left unsent; raises TimeoutError when that takes too long, SocketClosed when
        there is nobody to send to."""
        ...
