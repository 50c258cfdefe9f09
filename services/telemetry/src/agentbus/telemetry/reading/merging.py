"""Merges thousands of packed sketches at once, as `sketch.merged` does a few. For `rollups.py`.

Guarantee: the same counts as `sketch.merged`, below 2^53 each, and the same percentiles. A month has half a
million bins: added up one by one they take longer than the whole answer may (decision 0032).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agentbus.telemetry import sketch

PACKED: Final = """
    string_agg(substring(sketch for octet_length(sketch) / 3), ''::bytea) as bins,
    string_agg(substring(sketch from octet_length(sketch) / 3 + 1), ''::bytea) as counts
"""
"""The sketches of a group of rows, taken apart in the database: all their bins, and the counts of these."""

_AT_ONCE: Final = 500
"""Groups that are added up in one table: of at most 1,730 bins each, so 7 MB."""


@dataclass(frozen=True, eq=False)
class Spread:
    """How many durations are in each bin from `first` on."""

    first: int
    counts: NDArray[np.float64]

    def quantiles(self, ranks: Sequence[float]) -> list[float | None]:
        """Returns what `sketch.quantiles` does."""
        up_to = self.counts.cumsum()
        if not up_to.size or not up_to[-1]:
            return [None] * len(ranks)
        places = up_to.searchsorted([rank * (up_to[-1] - 1) for rank in ranks], side="right")
        return [sketch.seconds_at(self.first + place) for place in places.tolist()]

    def as_bins(self) -> dict[int, int]:
        """Returns the counts by bin, without those that are 0."""
        return {self.first + place: int(self.counts[place]) for place in np.flatnonzero(self.counts).tolist()}


NOTHING: Final = Spread(0, np.zeros(0))


def merged(groups: Sequence[tuple[bytes, bytes]]) -> list[Spread]:
    """Returns the durations of each group, given as `PACKED`."""
    starts = range(0, len(groups), _AT_ONCE)
    return [spread for start in starts for spread in _merged(groups[start : start + _AT_ONCE])]


def together(spreads: Iterable[Spread]) -> Spread:
    """Returns the durations of all of them."""
    spreads = [each for each in spreads if each.counts.size]
    if not spreads:
        return NOTHING
    first = min(each.first for each in spreads)
    counts = np.zeros(max(each.first + each.counts.size for each in spreads) - first)
    for each in spreads:
        counts[each.first - first :][: each.counts.size] += each.counts
    return Spread(first, counts)


def _merged(groups: Sequence[tuple[bytes, bytes]]) -> Iterator[Spread]:
    bins = np.frombuffer(b"".join(each for each, _ in groups), dtype="<i4")
    if not bins.size:
        return iter([NOTHING] * len(groups))
    counts = np.frombuffer(b"".join(each for _, each in groups), dtype="<u8")
    first = int(bins.min())
    width = int(bins.max()) - first + 1
    rows = np.repeat(np.arange(len(groups)) * width - first, [len(each) // 4 for each, _ in groups])
    sums = np.bincount(rows + bins, weights=counts, minlength=len(groups) * width).astype(np.float64)
    return (Spread(first, row) for row in sums.reshape(len(groups), width))
