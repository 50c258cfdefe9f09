"""Percentiles of a sketch, bin after bin: what the merged ones of `reading` have to equal."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from agentbus.telemetry.sketch import seconds_at


def quantiles(bins: Mapping[int, int], ranks: Sequence[float]) -> list[float | None]:
    """Returns the durations in seconds at `ranks` (0 to 1); None each when there are no durations.

    That is algorithm 2 of the paper: the first bin up to which there are more than rank · (n - 1) durations.
    """
    if not bins:
        return [None] * len(ranks)
    keys = sorted(bins)
    up_to = list(accumulate(bins[key] for key in keys))
    last = up_to[-1] - 1
    return [seconds_at(keys[bisect_right(up_to, rank * last)]) for rank in ranks]
