from datetime import UTC, datetime

from agentbus.persister.known_plans import KnownPlans
from agentbus.persister.success import Outages, SuccessWindow


class HandClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds


def test_the_ratio_drops_with_failures_and_recovers() -> None:
    clock = HandClock()
    window = SuccessWindow(clock, window_seconds=60)
    assert window.ratio() == 1.0
    window.add(saved=30)
    window.add(failed=10)
    assert window.ratio() == 0.75
    clock.seconds = 61
    assert window.ratio() == 1.0
    window.add(failed=1)
    assert window.ratio() == 0.0


def test_an_outage_is_told_now_and_then() -> None:
    clock = HandClock()
    outages = Outages(clock)
    told = [tries for tries in range(1, 101) if outages.failed(3).worth_a_line]
    assert told == [1, 2, 4, 8, 16, 32, 64, 96]


def test_an_outage_knows_how_long_it_lasted() -> None:
    clock = HandClock()
    outages = Outages(clock)
    outages.failed(3)
    clock.seconds = 5
    outages.failed(3)
    ended = outages.ended(3)
    assert ended is not None
    assert (ended.tries, outages.seconds(ended)) == (2, 5.0)
    assert outages.ended(3) is None


def test_known_plans_are_bounded_and_go_with_their_partition() -> None:
    known = KnownPlans(limit=2)
    known.keep(0, {"a": {"last_seq": 1}})
    known.keep(1, {"b": {"last_seq": 1}})
    known.keep(0, {"a": {"last_seq": 2}})
    known.keep(1, {"c": {"last_seq": 1}})
    assert known.get(0, "a") == {"last_seq": 2}
    assert known.get(1, "b") is None
    assert known.get(0, "c") is None
    known.forget(1)
    assert len(known) == 1
