"""Merging sketches at once counts as merging them one by one does."""

from hypothesis import given
from hypothesis import strategies as st

from agentbus.telemetry import sketch
from agentbus.telemetry.reading.merging import merged

bins = st.dictionaries(st.integers(-2_000, 2_000), st.integers(1, 2**40), max_size=8)


@given(st.lists(bins.map(sketch.pack), max_size=12))
def test_at_once_is_as_one_by_one(sketches: list[bytes]) -> None:
    assert merged(sketches) == sketch.merged(sketches)
