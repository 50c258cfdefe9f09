"""What a consumer's handler gets and gives back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agentbus.bus.record import Record


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition in offset order, never empty."""

    topic: str
    partition: int
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that can never be handled, and why: a stable code and a text for people."""

    record: Record
    code: str
    reason: str


Handler = Callable[[Batch], Awaitable[Sequence[Poison]]]
