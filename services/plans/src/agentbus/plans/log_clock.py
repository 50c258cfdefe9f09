"""The time of Kafka's log, so that a start expires by one clock: the broker's, which stamps and judges it.

Guarantee: from the first acknowledgement on, this process' own time of day has no say, however wrong it is or
becomes. Called by `submission.py`; told by `plan_bus.py`.
"""

from datetime import datetime, timedelta

from agentbus.kernel.clock import Clock


class LogClock:
    """A `Clock`: the broker's time at its last acknowledgement, and the seconds that have passed since."""

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._heard: tuple[datetime, float] | None = None

    def heard(self, appended_at: datetime) -> None:
        """Takes in when the broker says that it appended a record just now."""
        self._heard = appended_at, self._own.monotonic()

    def now(self) -> datetime:
        """Returns the log's time, in UTC; before anything was heard from it, the machine's."""
        if self._heard is None:
            return self._own.now()
        appended_at, heard_at = self._heard
        return appended_at + timedelta(seconds=self._own.monotonic() - heard_at)

    def monotonic(self) -> float:
        """Returns seconds that only grow."""
        return self._own.monotonic()
