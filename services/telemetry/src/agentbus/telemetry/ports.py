"""What the model needs from outside, and what this process is made of."""

from dataclasses import dataclass
from typing import Protocol

from agentbus.chassis.auth import Access
from agentbus.kernel.clock import Clock
from agentbus.plan.sequence import Verdict
from agentbus.postgres.database import Database
from agentbus.postgres.schema import Schema
from agentbus.telemetry.labels import Pair
from agentbus.telemetry.settings import TelemetrySettings


@dataclass(frozen=True)
class Parts:
    """What this process is made of, in `app.state.parts`: for routes and background work."""

    settings: TelemetrySettings
    access: Access
    database: Database
    schema: Schema
    clock: Clock


class Figures(Protocol):
    """Keeps the figures. Counters only grow, gauges take changes. Nothing here blocks or fails."""

    def judged(self, verdict: Verdict) -> None:
        """Counts a message by what the acceptance rule said of it."""
        ...

    def message(self, message_type: str) -> None:
        """Counts an accepted message."""
        ...

    def running(self, pair: Pair, change: int) -> None:
        """Changes how many actions are in flight."""
        ...

    def executed(self, pair: Pair, seconds: float | None, *, failed: bool) -> None:
        """Counts an action that ended, with its duration when that is known."""
        ...

    def reached(self, status: str) -> None:
        """Counts a plan that came to a status."""
        ...

    def open_plans(self, status: str, change: int) -> None:
        """Changes how many plans in flight have a status."""
        ...

    def forgotten(self) -> None:
        """Counts a plan in flight that was forgotten for want of room."""
        ...
