"""Merging sketches at once counts as merging them one by one does, and has the same percentiles."""

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore
from hypothesis import given
from hypothesis import strategies as st

from agentbus.telemetry import sketch
from agentbus.telemetry.reading.merging import merged, together

RANKS = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)
bins = st.dictionaries(st.integers(-700, 1_100), st.integers(1, 2**40), max_size=8)
groups = st.lists(st.lists(bins.map(sketch.pack), max_size=4), max_size=6)


def taken_apart(sketches: list[bytes]) -> tuple[bytes, bytes]:
    """As the database does it (`merging.PACKED`)."""
    thirds = [len(each) // 3 for each in sketches]
    pairs = list(zip(sketches, thirds, strict=True))
    return b"".join(each[:third] for each, third in pairs), b"".join(each[third:] for each, third in pairs)


@given(groups)
def test_at_once_is_as_one_by_one(given: list[list[bytes]]) -> None:
    spreads = merged([taken_apart(each) for each in given])
    one_by_one = [sketch.merged(each) for each in given]
    assert [each.as_bins() for each in spreads] == one_by_one
    assert [each.quantiles(RANKS) for each in spreads] == [
        sketch.quantiles(each, RANKS) for each in one_by_one
    ]


@given(st.lists(groups, max_size=3))
def test_what_was_merged_apart_is_put_together(given: list[list[list[bytes]]]) -> None:
    """Also when each part has other bins."""
    parts = [spread for each in given for spread in merged([taken_apart(group) for group in each])]
    every = [packed for each in given for group in each for packed in group]
    assert together(parts).as_bins() == sketch.merged(every)


@given(bins, st.floats(0, 1))
def test_percentiles_are_those_of_the_library(counts: dict[int, int], rank: float) -> None:
    store = DenseStore()
    for key, count in counts.items():
        store.add(key, count)
    library = BaseDDSketch(LogarithmicMapping(sketch.RELATIVE_ACCURACY), store, DenseStore(), 0.0)
    assert sketch.quantiles(counts, [rank]) == [library.get_quantile_value(rank)]


def test_more_groups_than_go_at_once() -> None:
    one = taken_apart([sketch.pack({3: 2}), sketch.pack({-4: 2**33})])
    assert {tuple(each.as_bins().items()) for each in merged([one] * 1_201)} == {((-4, 2**33), (3, 2))}
