"""Messages kept on this machine until Kafka has them. Called by the runner.

Guarantee: what `append` returned for is published, in order per key, also after kill -9 and long outages of
Kafka. It may be published twice: readers deduplicate.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Outgoing, Sent


class Outbox:
    """A durable queue in an SQLite file (WAL), written by one thread that commits in groups."""

    def __init__(self, path: Path) -> None:
        raise NotImplementedError

    async def append(self, topic: str, key: str, value: bytes | None, schema: str) -> None:
        """Keeps a record, with the current traceparent in its headers; durable when it returns.

        Raises Transient when it could not be written (disk full), Invalid when it is too large for Kafka.
        """
        raise NotImplementedError

    def pending(self) -> int:
        """Returns how many records wait for their acknowledgement."""
        raise NotImplementedError

    async def close(self) -> None:
        """Writes what is waiting and closes the file."""
        raise NotImplementedError


class Relay:
    """Publishes the outbox to Kafka: in order, pipelined, deleting after acknowledgement, retrying for ever."""

    def __init__(
        self, outbox: Outbox, address: BusAddress, on_sent: Callable[[Outgoing, Sent], None] | None = None
    ) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        """Begins publishing in the background."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stops publishing; what is not acknowledged stays in the outbox."""
        raise NotImplementedError

    async def drained(self) -> None:
        """Returns when everything appended so far is acknowledged."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
