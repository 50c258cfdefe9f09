"""Time, as something that a test can hold in its hand."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Returns the time of day, in UTC. It can jump: order by sequence, never by this."""
        ...

    def monotonic(self) -> float:
        """Returns seconds that only grow: for durations and deadlines."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Returns the time of day, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Returns seconds that only grow."""
        return time.monotonic()
