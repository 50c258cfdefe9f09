"""How saving goes: the share of records saved at each try over a sliding window, and the running outages.

Pure but for the clock. Called by `subscribers.py` after every try; read by the metrics and the failure log.
"""

from collections import deque
from dataclasses import dataclass

from agentbus.kernel.clock import Clock


class SuccessWindow:
    """Counts records saved and failed, of which those older than `window_seconds` no longer count."""

    def __init__(self, clock: Clock, window_seconds: float) -> None:
        self._clock = clock
        self._window_seconds = window_seconds
        self._tries: deque[tuple[float, int, int]] = deque()

    def add(self, *, saved: int = 0, failed: int = 0) -> None:
        """Counts one try."""
        now = self._clock.monotonic()
        self._tries.append((now, saved, failed))
        while self._tries[0][0] < now - self._window_seconds:
            self._tries.popleft()

    def ratio(self) -> float:
        """Returns saved / (saved + failed) of the window; 1 when nothing was tried."""
        since = self._clock.monotonic() - self._window_seconds
        recent = [(saved, failed) for at, saved, failed in list(self._tries) if at >= since]
        saved, failed = sum(pair[0] for pair in recent), sum(pair[1] for pair in recent)
        return saved / (saved + failed) if saved + failed else 1.0


@dataclass
class Outage:
    """A run of failed tries of one partition."""

    since: float
    tries: int = 0

    @property
    def worth_a_line(self) -> bool:
        """Whether this try is logged: the 1st, 2nd, 4th, … and from then on every 32nd, not a flood."""
        return self.tries & (self.tries - 1) == 0 or self.tries % 32 == 0


class Outages:
    """The partitions that cannot be saved now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[int, Outage] = {}

    def failed(self, partition: int) -> Outage:
        """Counts a failed try and returns the outage that it belongs to."""
        outage = self._open.setdefault(partition, Outage(self._clock.monotonic()))
        outage.tries += 1
        return outage

    def ended(self, partition: int) -> Outage | None:
        """Closes the partition's outage and returns it; None when there was none."""
        return self._open.pop(partition, None)

    def seconds(self, outage: Outage) -> float:
        """Returns how long it has lasted."""
        return self._clock.monotonic() - outage.since
