"""Dead letters keep the record as it was; the limits count as they say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbus.bus.batch import Poison
from agentbus.bus.dead_letter import DeadLetterLimits, PoisonCount, dead_letter, parse
from agentbus.bus.record import Outgoing, Record
from agentbus.kernel.errors import Fatal, Invalid

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=10)
headers = st.lists(st.tuples(names.filter(lambda name: not name.startswith("dlq-")), st.binary()), max_size=3)


def record(value: bytes = b"v", key: str = "k", own: list[tuple[str, bytes]] | None = None) -> Record:
    return Record("t", 3, 7, key, value, tuple(own or []), NOW)


def as_read(letter: Outgoing) -> Record:
    return Record(letter.topic, 0, 0, letter.key, letter.value or b"", tuple(letter.headers), NOW)


@given(st.binary(), names, headers, names)
def test_a_dead_letter_gives_back_the_record_and_the_reason(
    value: bytes, key: str, own: list[tuple[str, bytes]], reason: str
) -> None:
    letter = dead_letter(Poison(record(value, key, own), "code", reason), "g", NOW)
    assert letter.topic == "t.g.dlq"
    read = parse(as_read(letter))
    assert (read.code, read.reason, read.topic, read.partition, read.offset, read.group, read.time) == (
        "code",
        reason,
        "t",
        3,
        7,
        "g",
        "2026-01-02T03:04:05.000000Z",
    )
    assert read.original == Outgoing("t", key, value, own)


def test_a_record_that_fails_again_says_why_it_failed_last() -> None:
    once = dead_letter(Poison(record(), "first", "one"), "g")
    twice = dead_letter(Poison(as_read(once), "second", "two"), "g")
    assert parse(as_read(twice)).code == "second"
    assert [name for name, _ in twice.headers].count("dlq-code") == 1


def test_a_long_reason_is_cut_at_a_character() -> None:
    letter = parse(as_read(dead_letter(Poison(record(), "c", "é" * 20_000), "g")))
    assert letter.reason == "é" * 8192


def test_another_record_is_no_dead_letter() -> None:
    with pytest.raises(Invalid):
        parse(record())


@given(
    st.lists(st.lists(st.booleans(), min_size=1, max_size=12), max_size=12),
    st.integers(0, 6),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.integers(1, 10),
)
def test_the_limits_count_like_the_plain_definition(
    batches: list[list[bool]], consecutive: int, ratio: float, window: int
) -> None:
    count = PoisonCount(DeadLetterLimits(consecutive, ratio, window))
    outcomes: list[bool] = []
    for batch in batches:
        expected = any(
            _passed([*outcomes, *batch[:upto]], consecutive, ratio, window)
            for upto in range(1, len(batch) + 1)
        )
        outcomes += batch
        if expected:
            with pytest.raises(Fatal):
                count.add(batch)
            return
        count.add(batch)


def _passed(outcomes: list[bool], consecutive: int, ratio: float, window: int) -> bool:
    in_a_row = len(outcomes) - max((place + 1 for place, bad in enumerate(outcomes) if not bad), default=0)
    last = outcomes[-window:]
    return in_a_row > consecutive or (len(last) == window and sum(last) > ratio * window)
