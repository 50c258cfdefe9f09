"""What a fault of the campaign is, and the row of the table that comes of it."""

from dataclasses import dataclass, field
from typing import Protocol

from support.system import System


class Fault(Protocol):
    """Something that goes wrong with a running system under load. Subclass it and hand it to `Campaign`."""

    name: str
    """Stands in the table, in a few words."""

    what: str
    """What is done to the system, in a sentence."""

    seconds: float = 0
    """How long it lasts: the load goes on for longer."""

    dead_letters: int | None = 0
    """How many records must be dead letters afterwards; None: any number."""

    async def inflict(self, system: System) -> None:
        """Breaks the system, and returns at the moment from which on it can recover by itself.

        That is when the killed process may start again, or when the dependency that was away is back.
        Recovery is measured from here.
        """
        ...

    async def clear(self, system: System) -> None:
        """Takes away what the fault added (a second instance, a setting), after the log was checked."""
        return


@dataclass(frozen=True)
class Outcome:
    """A row: what the system lost and doubled under a fault, and how long it took to be well again."""

    fault: str
    what: str
    load: str
    messages: int
    lost: int
    doubled: int
    recovery_seconds: float | None
    """From the end of the fault until a new message is stored and the backlog is drained; None: never."""
    problems: tuple[str, ...] = field(default=())

    @property
    def survived(self) -> bool:
        """Whether all is well."""
        return not (self.lost or self.doubled or self.problems) and self.recovery_seconds is not None
