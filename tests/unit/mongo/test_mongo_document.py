import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbus.kernel.errors import Invalid
from agentbus.mongo.document import OVERFLOW, decode, encode

NATIVE = frozenset({"plan_id"})

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
AWKWARD_KEYS = st.sampled_from(["", ".", "a.b", "$", "$set", "\0", "_id", OVERFLOW, "a\n$b"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(AWKWARD_KEYS | st.text(), inner, max_size=4),
    max_leaves=20,
)


def stored(value: dict[str, object]) -> dict[str, object]:
    document = encode("id", value, native=NATIVE)
    assert document.pop("_id") == "id"
    return document


@given(st.dictionaries(AWKWARD_KEYS | st.text(), JSON))
def test_any_json_object_comes_back_to_the_letter(value: dict[str, object]) -> None:
    assert json.dumps(decode(stored(value)), sort_keys=True) == json.dumps(value, sort_keys=True)


def test_an_ordinary_message_is_stored_as_it_is() -> None:
    value: dict[str, object] = {
        "plan_id": "p",
        "payload": {"arguments": {"path": "a.b", "n": [1, {"x": [2]}]}},
        "metadata": {},
    }
    assert stored(value) == value


def test_only_the_field_that_needs_it_becomes_text() -> None:
    document = stored({"plan_id": "p", "seq": 3, "payload": {"matrix": [[1, 2], [3]]}})
    assert document == {
        "plan_id": "p",
        "seq": 3,
        OVERFLOW: '{"payload":{"matrix":[[1,2],[3]]}}',
    }


@pytest.mark.parametrize(
    "awkward",
    [
        {"a.b": 1},
        {"$a": 1},
        {"a\0": 1},
        {"a": "x\0"},
        {"a": [[1]]},
        {"a": 2**63},
        {"a": -0.0},
        {"a": [0] * 1_001},
    ],
)
def test_what_the_database_refuses_becomes_text(awkward: dict[str, object]) -> None:
    assert OVERFLOW in stored({"payload": awkward})


def test_deep_nesting_becomes_text() -> None:
    value: dict[str, object] = {}
    for _ in range(200):
        value = {"a": value}
    assert OVERFLOW in stored({"payload": value})
    assert decode(stored({"payload": value})) == {"payload": value}


def test_a_crowd_of_top_level_fields_becomes_text() -> None:
    value: dict[str, object] = {"plan_id": "p"} | {str(n): n for n in range(2_000)}
    assert stored(value).keys() == {"plan_id", OVERFLOW}
    assert decode(stored(value)) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, object()])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        stored({"payload": {"a": [value]}})


def test_a_field_that_is_looked_up_must_be_storable() -> None:
    with pytest.raises(Invalid, match="plan_id"):
        stored({"plan_id": "a\0b"})
