"""Names from outside become a bounded number of label values."""

from agentbus.telemetry.labels import OTHER, BoundedPairs, Pair


def test_the_first_pairs_keep_their_names_and_later_ones_are_other() -> None:
    pairs = BoundedPairs(2)
    first, second = pairs.of("analyst", "ruff"), pairs.of("analyst", "radon")
    assert (first, second) == (Pair("analyst", "ruff"), Pair("analyst", "radon"))
    assert {pairs.of(f"a{number}", "t") for number in range(1000)} == {Pair(OTHER, OTHER)}
    assert pairs.of("analyst", "ruff") == first


def test_what_is_no_name_is_other_and_long_names_are_cut() -> None:
    pairs = BoundedPairs(10)
    assert pairs.of("", None) == pairs.of("", {"a": 1}) == Pair(OTHER, OTHER)
    assert len(pairs.of("a" * 100_000, "b").agent) == 100
