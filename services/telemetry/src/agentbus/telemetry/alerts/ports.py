"""What evaluation needs from outside: those who look, and the channels that are told."""

from collections.abc import Set
from datetime import datetime
from typing import Protocol

from agentbus.contracts.alerts import AlertChange
from agentbus.telemetry.alerts.model import Seen


class Watcher(Protocol):
    """Looks for what is wrong. Its findings' sources begin with its `name`."""

    name: str
    every_seconds: float

    async def look(self, now: datetime, known: Set[str]) -> Seen:
        """Returns what is wrong now; `known` are the fingerprints of the open alerts.

        Raises Transient when it cannot see; it is cancelled when it takes too long.
        """
        ...


class Channel(Protocol):
    """Tells someone of alerts."""

    name: str

    async def send(self, change: AlertChange, body: bytes) -> None:
        """Returns when the receiver has taken it; `body` is the change as on the topic.

        Raises Transient when it has not, or not surely: then it is sent again, with the same number.
        """
        ...
