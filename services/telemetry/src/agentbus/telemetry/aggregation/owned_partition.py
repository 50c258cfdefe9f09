"""A partition that this instance counts: how far it is, whose turn it is, and who writes. For `counting`."""

import asyncio
from collections.abc import Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from agentbus.bus.record import Record
from agentbus.postgres.database import Connection

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)
Decoded: TypeAlias = Sequence[tuple[Record, T]]


class Writer(Protocol[T_contra]):
    """Counts one partition."""

    async def write(self, connection: Connection, batch: Decoded[T_contra]) -> None:
        """Takes the records into the tables, in the transaction that `connection` is in."""
        ...

    def forget(self) -> None:
        """Forgets what it remembers of the tables: they may say something else."""
        ...


class OwnedPartition(Generic[T]):
    """Where one partition stands.

    `counted`: where the database stands, None when that has to be asked. `read`: what was given here.
    Who holds the `turn` may write; `writing` is what was given last.
    """

    def __init__(self, number: int, read: int, writer: Writer[T]) -> None:
        self.number = number
        self.read = read
        self.writer = writer
        self.counted: int | None = None
        self.turn = asyncio.Lock()
        self.writing: asyncio.Task[None] | None = None

    @property
    def behind(self) -> bool:
        """After a crash the database is ahead, until what it has is given once more."""
        return self.counted is None or self.counted < self.read

    def forget(self) -> None:
        """Forgets where the database stands, and what the tables say."""
        self.counted = None
        self.writer.forget()
