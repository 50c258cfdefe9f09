"""Which roll-ups answer for a stretch of time: whole days inside it, hours and minutes at its edges. Pure.

Guarantee: the pieces cover the range once, each is whole buckets of its grain, and none is of a grain that is
no longer kept for that time. The range is widened to whole buckets for that, never narrowed. For all reads
of roll-ups.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

Grain = Literal["minute", "hour", "day"]
GRAINS: Final[tuple[Grain, ...]] = ("minute", "hour", "day")
WIDTH: Final[dict[Grain, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


STEPS: Final = tuple(
    timedelta(seconds=each) for each in (60, 300, 900, 3600, 10_800, 21_600, 86_400, 604_800, 2_419_200)
)
"""The widths of buckets that a series may have: after a quarter of a day whole days, which are rolled up."""

POINTS_LIMIT: Final = 1500

LONG: Final = timedelta(days=7)
"""A range of this length has no minutes at its edges: an hour more or less does not show in it."""


@dataclass(frozen=True)
class Kept:
    """How long minutes and hours are kept; days are for good."""

    minutes: timedelta
    hours: timedelta

    def finest(self, at: datetime, now: datetime) -> Grain:
        """Returns the finest grain that is still there for the time `at`, with some time to spare."""
        age = now - at
        if age < self.minutes - WIDTH["hour"]:
            return "minute"
        return "hour" if age < self.hours - WIDTH["day"] else "day"


@dataclass(frozen=True)
class Piece:
    """Whole buckets of one grain, `ends_at` not included."""

    grain: Grain
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Range:
    """A stretch of time, `ends_at` not included, and the roll-ups that answer for it."""

    starts_at: datetime
    ends_at: datetime
    pieces: tuple[Piece, ...]


def floor(at: datetime, width: timedelta) -> datetime:
    """Returns the begin of the bucket that `at` is in; buckets count from 1970 in UTC."""
    return at - (at - _EPOCH) % width


def ceil(at: datetime, width: timedelta) -> datetime:
    """Returns the first begin of a bucket that is not before `at`."""
    return at + (_EPOCH - at) % width


def covering(starts_at: datetime, ends_at: datetime, now: datetime, kept: Kept) -> Range:
    """Returns a range of whole buckets around these moments, in as few roll-ups as there can be."""
    least = WIDTH["hour" if ends_at - starts_at >= LONG else "minute"]
    begins = floor(starts_at, max(least, WIDTH[kept.finest(starts_at, now)]))
    ends = ceil(ends_at, max(least, WIDTH[_grain_of_end(ends_at, now, kept)]))
    return Range(begins, ends, tuple(_pieces(begins, ends, GRAINS)))


def stepped(
    starts_at: datetime, ends_at: datetime, least_step: timedelta, now: datetime, kept: Kept
) -> tuple[Range, timedelta]:
    """Returns the range in whole steps, and the step: of `STEPS` the first that is wide enough.

    Wide enough is: not below `least_step`, nor below what is kept of that time, nor so that there would be
    more than `POINTS_LIMIT` steps.
    """
    for step in STEPS:
        begins, ends = floor(starts_at, step), ceil(ends_at, step)
        kept_there = WIDTH[kept.finest(begins, now)]
        if step >= max(least_step, kept_there) and (ends - begins) / step <= POINTS_LIMIT:
            break
    grain = next(each for each in reversed(GRAINS) if WIDTH[each] <= step)
    return Range(begins, ends, (Piece(grain, begins, ends),)), step


def _grain_of_end(at: datetime, now: datetime, kept: Kept) -> Grain:
    """Returns the finest grain that is there for all of the coarser bucket that `at` cuts."""
    for grain, coarser in pairwise(GRAINS):
        if GRAINS.index(kept.finest(floor(at, WIDTH[coarser]), now)) <= GRAINS.index(grain):
            return grain
    return "day"


def _pieces(starts_at: datetime, ends_at: datetime, grains: tuple[Grain, ...]) -> list[Piece]:
    grain, *coarser = grains
    if not coarser or starts_at >= ends_at:
        return _piece(grain, starts_at, ends_at)
    first, last = ceil(starts_at, WIDTH[coarser[0]]), floor(ends_at, WIDTH[coarser[0]])
    if first >= last:
        return _piece(grain, starts_at, ends_at)
    inside = _pieces(first, last, tuple(coarser))
    return [*_piece(grain, starts_at, first), *inside, *_piece(grain, last, ends_at)]


def _piece(grain: Grain, starts_at: datetime, ends_at: datetime) -> list[Piece]:
    return [Piece(grain, starts_at, ends_at)] if starts_at < ends_at else []
