"""Whatever an agent produces becomes JSON that every reader can store; what is cut is marked (A2.4)."""

import hashlib
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from agentbus.runner.bounds import OUTPUT_LIMIT_BYTES, bound, clean, clean_text

ANY_TEXT = st.text(st.characters(codec=None))
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner) | st.sets(st.integers()),
    max_leaves=20,
)


@given(ANY_VALUE)
def test_clean_values_survive_json(value: Any) -> None:
    cleaned = clean(value)
    assert orjson.loads(orjson.dumps(cleaned)) == cleaned
    assert b"\\u0000" not in orjson.dumps(cleaned)


@given(ANY_VALUE)
def test_cleaning_again_changes_nothing(value: Any) -> None:
    assert clean(clean(value)) == clean(value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_good_text_is_left_alone(text: str) -> None:
    assert clean_text(text) == text


def test_bad_characters_become_the_replacement_character() -> None:
    assert clean_text("a\0b\ud800c") == "a\ufffdb\ufffdc"
    assert clean_text("\ud83d\ude00") == "\U0001f600"


def test_numbers_that_readers_cannot_hold_become_text() -> None:
    assert clean([2**63, -(2**63), float("nan")]) == [str(2**63), -(2**63), "nan"]


def test_deep_nesting_ends() -> None:
    deep: Any = "x"
    for _ in range(1000):
        deep = [deep]
    orjson.dumps(clean(deep))


@given(st.integers(1, 500), st.sampled_from(["x", "é", "\U0001f600"]))
def test_what_is_cut_is_a_prefix_marked_with_size_and_hash(limit: int, character: str) -> None:
    text = character * 400
    kept, cut = bound(text, limit)
    if cut is None:
        assert kept == text
        assert len(text.encode()) <= limit
    else:
        assert text.startswith(kept)
        assert len(kept.encode()) <= limit
        assert (cut.size_bytes, cut.sha256) == (
            len(text.encode()),
            hashlib.sha256(text.encode()).hexdigest(),
        )


def test_a_large_structure_becomes_a_prefix_of_its_json() -> None:
    kept, cut = bound({"lines": ["x" * 1000] * 1000})
    assert cut is not None
    assert len(kept) <= OUTPUT_LIMIT_BYTES
    assert kept.startswith('{"lines":["xxx')
