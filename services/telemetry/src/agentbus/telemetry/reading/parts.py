"""What the reads work with; made for each request of what the process is made of."""

from dataclasses import dataclass
from datetime import timedelta

from agentbus.kernel.clock import Clock
from agentbus.postgres.database import Database
from agentbus.telemetry.ports import Parts
from agentbus.telemetry.reading.ranges import Kept


@dataclass(frozen=True)
class Reading:
    """The database, the time, and how long roll-ups are kept."""

    database: Database
    clock: Clock
    kept: Kept

    @classmethod
    def of(cls, parts: Parts) -> "Reading":
        """Returns what the reads take of the process."""
        days = parts.settings
        kept = Kept(timedelta(days=days.telemetry_minute_days), timedelta(days=days.telemetry_hour_days))
        return cls(parts.database, parts.clock, kept)
