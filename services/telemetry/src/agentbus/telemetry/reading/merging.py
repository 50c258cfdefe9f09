"""Merges thousands of packed sketches at once, as `sketch.merged` does a few. For `rollups.py`.

Guarantee: the same counts as `sketch.merged`, below 2^53 each. A week by agents has
300,000 bins: added up one by one they take longer than the whole answer may (0032, 0042).
"""

from collections.abc import Iterable, Sequence
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


@dataclass(frozen=True, eq=False)
class Spread:
    """How many durations are in each bin from `first` on."""

    first: int
    counts: NDArray[np.float64]

    def quantiles(self, ranks: Sequence[float]) -> list[float | None]:
        """Returns the durations in seconds at `ranks` (0 to 1); None each when there are no durations.

        That is algorithm 2 of the paper that `sketch` names: the first bin up to which there are more than
        rank · (n - 1) durations.
        """
        up_to = self.counts.cumsum()
        if not up_to.size or not up_to[-1]:
            return [None] * len(ranks)
        places = up_to.searchsorted([rank * (up_to[-1] - 1) for rank in ranks], side="right")
        return [sketch.seconds_at(self.first + place) for place in places.tolist()]


NOTHING: Final = Spread(0, np.zeros(0))


def merged(bins: bytes, counts: bytes) -> Spread:
    """Returns the durations of a group's sketches, given as `PACKED`."""
    keys = np.frombuffer(bins, dtype="<i4")
    if not keys.size:
        return NOTHING
    first = int(keys.min())
    sums = np.bincount(keys - first, weights=np.frombuffer(counts, dtype="<u8"))
    return Spread(first, sums.astype(np.float64, copy=False))


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
