"""Ranges of roll-ups: every moment once, in whole buckets, of a grain that is still kept there."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentbus.telemetry.reading.ranges import (
    GRAINS,
    POINTS_LIMIT,
    STEPS,
    WIDTH,
    Kept,
    ceil,
    covering,
    floor,
    stepped,
)

NOW = datetime(2026, 3, 31, 12, 34, 56, 789, tzinfo=UTC)
KEPT = Kept(timedelta(days=2), timedelta(days=90))
AGE = {"minute": KEPT.minutes, "hour": KEPT.hours, "day": timedelta.max}
"""How old a bucket's begin may be."""

moments = st.timedeltas(timedelta(days=-400), timedelta(days=2)).map(lambda each: NOW + each)
lengths = st.timedeltas(timedelta(microseconds=1), timedelta(days=3000))


@given(moments, lengths)
@example(NOW - timedelta(days=2), timedelta(days=2))
@example(NOW - timedelta(minutes=5), timedelta(minutes=5))
@example(NOW - timedelta(days=90, hours=1), timedelta(hours=30))
@example(NOW - timedelta(days=89) + timedelta(milliseconds=1), timedelta(microseconds=1))
def test_pieces_cover_the_range_once_in_whole_buckets_that_are_kept(
    starts_at: datetime, length: timedelta
) -> None:
    ends_at = starts_at + length
    covered = covering(starts_at, ends_at, NOW, KEPT)
    pieces = covered.pieces
    assert covered.starts_at <= starts_at < ends_at <= covered.ends_at
    assert (pieces[0].starts_at, pieces[-1].ends_at) == (covered.starts_at, covered.ends_at)
    assert all(before.ends_at == after.starts_at for before, after in pairwise(pieces))
    for piece in pieces:
        width = WIDTH[piece.grain]
        assert piece.starts_at < piece.ends_at
        assert floor(piece.starts_at, width) == piece.starts_at
        assert ceil(piece.ends_at, width) == piece.ends_at
        assert NOW - piece.starts_at < AGE[piece.grain]


@given(moments, lengths)
def test_no_piece_is_finer_than_it_must_be(starts_at: datetime, length: timedelta) -> None:
    """Whole days inside are read as days, so a long range has few roll-ups."""
    pieces = covering(starts_at, starts_at + length, NOW, KEPT).pieces
    assert len(pieces) <= 5
    for piece in pieces:
        for coarser in GRAINS[GRAINS.index(piece.grain) + 1 :]:
            width = WIDTH[coarser]
            assert ceil(piece.starts_at, width) + width > floor(piece.ends_at, width) or piece.grain == "day"


@given(
    moments,
    st.timedeltas(timedelta(seconds=1), timedelta(days=36_500)),
    st.timedeltas(max_value=timedelta(days=7)),
)
def test_steps_are_of_a_grain_that_is_kept_and_not_too_many(
    starts_at: datetime, length: timedelta, least: timedelta
) -> None:
    covered, step = stepped(starts_at, starts_at + length, least, NOW, KEPT)
    (piece,) = covered.pieces
    assert step in STEPS
    assert step >= min(least, STEPS[-1])
    assert step % WIDTH[piece.grain] == timedelta()
    assert (covered.ends_at - covered.starts_at) % step == timedelta()
    assert (covered.ends_at - covered.starts_at) / step <= POINTS_LIMIT
    assert covered.starts_at <= starts_at < covered.ends_at
    assert GRAINS.index(KEPT.finest(piece.starts_at, NOW)) <= GRAINS.index(piece.grain)


def test_a_day_by_the_clock() -> None:
    starts_at = datetime(2026, 3, 29, 22, 58, 30, tzinfo=UTC)
    covered = covering(starts_at, datetime(2026, 3, 31, 2, 1, tzinfo=UTC), NOW, KEPT)
    told = [
        (piece.grain, piece.starts_at.strftime("%d %H:%M"), piece.ends_at.strftime("%d %H:%M"))
        for piece in covered.pieces
    ]
    assert told == [
        ("minute", "29 22:58", "29 23:00"),
        ("hour", "29 23:00", "30 00:00"),
        ("day", "30 00:00", "31 00:00"),
        ("hour", "31 00:00", "31 02:00"),
        ("minute", "31 02:00", "31 02:01"),
    ]


@pytest.mark.parametrize(
    ("days_ago", "grain"),
    [(0.1, "minute"), (1.9, "minute"), (2.1, "hour"), (88, "hour"), (89.5, "day"), (500, "day")],
)
def test_the_grain_of_a_time_is_what_is_kept_of_it(days_ago: float, grain: str) -> None:
    assert KEPT.finest(NOW - timedelta(days=days_ago), NOW) == grain
