"""What a tap writes into. Called by `tap`."""

from collections.abc import Sequence
from typing import Protocol

from agentbus.bus.record import Record


class Sink(Protocol):
    """Takes records of a topic; knows by itself how far it is."""

    def resume(self, topic: str) -> dict[int, int]:
        """Returns the next offset of each partition it has records of. Raises Invalid: another topic."""
        ...

    def write(self, records: Sequence[Record]) -> None:
        """Takes consecutive records of one partition: all or, when killed, none that `resume` counts."""
        ...

    def close(self) -> None:
        """Ends the writing."""
        ...

    def summary(self) -> None:
        """Tells a person what was written, on standard error."""
        ...
