"""A start expires by the broker's clock, whatever the plan service's own says."""

from datetime import UTC, datetime, timedelta

from agentbus.plans.log_clock import LogClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Wrong:
    """A clock whose time of day can jump; its seconds only grow."""

    def __init__(self) -> None:
        self.time = NOON
        self.seconds = 100.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds


def test_jumps_do_not_show_once_the_log_was_heard() -> None:
    own = Wrong()
    clock = LogClock(own)
    own.time += timedelta(hours=1)
    assert clock.now() == NOON + timedelta(hours=1), "there is no better yet"
    clock.heard(NOON)
    own.time -= timedelta(hours=2)
    own.seconds += 3
    assert clock.now() == NOON + timedelta(seconds=3)
    assert clock.monotonic() == 103
