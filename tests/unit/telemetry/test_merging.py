"""Merging sketches at once counts as merging them one by one does, and has the same percentiles."""

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore
from hypothesis import given
from hypothesis import strategies as st
from support.percentiles import quantiles

from agentbus.telemetry import sketch
from agentbus.telemetry.reading.merging import Spread, merged, together

RANKS = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)
bins = st.dictionaries(st.integers(-700, 1_100), st.integers(1, 2**40), max_size=8)
sketches = st.lists(bins.map(sketch.pack), max_size=12)


def taken_apart(packed: list[bytes]) -> tuple[bytes, bytes]:
    """As the database does it (`merging.PACKED`)."""
    thirds = [len(each) // 3 for each in packed]
    pairs = list(zip(packed, thirds, strict=True))
    return b"".join(each[:third] for each, third in pairs), b"".join(each[third:] for each, third in pairs)


def bins_of(spread: Spread) -> dict[int, int]:
    """Returns the counts by bin, without those that are 0."""
    return {spread.first + place: int(count) for place, count in enumerate(spread.counts) if count}


@given(sketches)
def test_at_once_is_as_one_by_one(given: list[bytes]) -> None:
    spread, one_by_one = merged(*taken_apart(given)), sketch.merged(given)
    assert bins_of(spread) == one_by_one
    assert spread.quantiles(RANKS) == quantiles(one_by_one, RANKS)


@given(st.lists(sketches, max_size=6))
def test_what_was_merged_apart_is_put_together(given: list[list[bytes]]) -> None:
    """Also when each part has other bins."""
    parts = together(merged(*taken_apart(each)) for each in given)
    assert bins_of(parts) == sketch.merged([packed for each in given for packed in each])


@given(bins, st.floats(0, 1))
def test_percentiles_are_those_of_the_library(counts: dict[int, int], rank: float) -> None:
    store = DenseStore()
    for key, count in counts.items():
        store.add(key, count)
    library = BaseDDSketch(LogarithmicMapping(sketch.RELATIVE_ACCURACY), store, DenseStore(), 0.0)
    assert quantiles(counts, [rank]) == [library.get_quantile_value(rank)]
