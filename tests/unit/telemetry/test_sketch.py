"""Percentiles from sketches are within 1 % of the true ones, whatever was merged with what, in any order."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.percentiles import quantiles

from agentbus.telemetry.sketch import bin_of, merged, pack, unpack

SECONDS = st.floats(min_value=1e-6, max_value=1e9)
RANKS = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)


def sketch(values: list[float]) -> bytes:
    bins: dict[int, int] = {}
    for value in values:
        bins[bin_of(value)] = bins.get(bin_of(value), 0) + 1
    return pack(bins)


@given(st.lists(SECONDS, min_size=1, max_size=200))
def test_percentiles_are_within_one_percent(values: list[float]) -> None:
    ordered = sorted(values)
    for rank, found in zip(RANKS, quantiles(unpack(sketch(values)), RANKS), strict=True):
        true = ordered[math.floor(rank * (len(values) - 1))]
        assert found == pytest.approx(true, rel=0.0100001)


@given(st.lists(st.lists(SECONDS, max_size=30), max_size=8), st.randoms())
def test_merging_in_any_order_is_one_sketch_of_all(parts: list[list[float]], order: random.Random) -> None:
    together = sketch([value for part in parts for value in part])
    shuffled = order.sample(parts, len(parts))
    assert pack(merged(map(sketch, shuffled))) == together
    assert pack(merged([sketch([]), pack(merged(map(sketch, parts)))])) == together


def test_durations_out_of_range_count_at_the_ends() -> None:
    bins = unpack(sketch([0.0, 1e-12, 1e12]))
    assert sum(bins.values()) == 3
    shortest, longest = quantiles(bins, [0.0, 1.0])
    assert shortest == pytest.approx(1e-6, rel=0.01)
    assert longest == pytest.approx(1e9, rel=0.01)


def test_without_durations_there_is_no_percentile() -> None:
    assert quantiles({}, [0.5]) == [None]
    assert pack({}) == b""


def test_a_sketch_stays_small() -> None:
    assert bin_of(1e9) - bin_of(0.0) < 1_730
