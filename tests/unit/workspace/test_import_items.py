"""Each item is judged by itself: what is kept, what is left out and told, what fails and why (E2)."""

import json
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from support.secret_samples import SHAPED
from support.zustand_dump import recorded

from agentbus.contracts.http.imports import Note
from agentbus.contracts.workspace import CollectionName
from agentbus.kernel.errors import Invalid
from agentbus.workspace.imports.content import content_hash, storable
from agentbus.workspace.imports.dump import Found
from agentbus.workspace.imports.items import Fault, Item, judge, read_all

TASK: dict[str, Any] = {"id": "t1", "title": "Mend it", "status": "MERGED", "messages": []}
TEXT = st.text(max_size=9) | st.text(alphabet="ab\0\ud83d\udc4b\U0001f600", max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def judged(value: Any, collection: CollectionName = "tasks") -> Item | Fault:
    return judge(Found(collection, "task-store", 3, value))


def sound(value: Any, collection: CollectionName = "tasks") -> Item:
    item = judged(value, collection)
    assert isinstance(item, Item), item
    return item


def test_unknown_fields_and_statuses_stay_as_they_are() -> None:
    value = TASK | {"createdAt": 1746057600000, "pullRequest": {"number": 3}, "colour": {"of": ["sky"]}}
    item = sound(value)
    assert item.document == value
    assert item.came == content_hash(value)


@pytest.mark.parametrize("status", ["IN_PROGRESS", "DONE", "MERGED", "PAUSED", "CANCELLED"])
def test_five_statuses_stay_five(status: str) -> None:
    assert sound(TASK | {"status": status}).document["status"] == status


def test_missing_optional_fields_are_tolerated() -> None:
    assert sound({"id": "t1"}).document == {"id": "t1"}


@pytest.mark.parametrize(
    ("value", "code", "told"),
    [
        ("t1", "not_an_object", "no object"),
        ({"title": "no id"}, "invalid_field", "`id`"),
        (TASK | {"id": 7}, "invalid_field", "`id`"),
        (TASK | {"id": "a\nb"}, "invalid_field", "`id`"),
        (TASK | {"status": "FINISHED"}, "invalid_field", "`status`"),
        (TASK | {"messages": {"0": "hello"}}, "invalid_field", "`messages`"),
        (TASK | {"title": "x" * 6_000_001}, "too_large", "6000000 bytes"),
        (TASK | {"estimate": float("inf")}, "not_canonical", "canonical"),
        (TASK | {"estimate": 10**400}, "not_canonical", "double"),
        (TASK | {"a" + lone: 1 for lone in "\ud800\udfff"}, "names_collide", "names"),
        (TASK | {"deep": json.loads("[" * 200 + "]" * 200)}, "too_deep", "100 levels"),
    ],
)
def test_what_fails_says_why(value: Any, code: str, told: str) -> None:
    fault = judged(value)
    assert isinstance(fault, Fault)
    assert fault.code == code
    assert told in fault.reason


@pytest.mark.parametrize(
    ("token", "notes"),
    [
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", ("token_left_out", "token_came_in_clear")),
        ("[removed]", ("token_left_out",)),
        ("", ()),
        (None, ()),
    ],
)
def test_a_token_is_dropped_and_told(token: str | None, notes: tuple[Note, ...]) -> None:
    item = sound({"id": "e1", "name": "Site", "githubToken": token}, "environments")
    assert item.document == {"id": "e1", "name": "Site"}
    assert item.notes == notes


def test_no_token_of_a_real_dump_is_left_even_when_the_client_sent_them_all() -> None:
    values = recorded().values
    assert "ghp_" in values["environments"]
    told = repr([(item.document, item.notes) for item in read_all(values).items])
    assert "ghp_" not in told
    assert told.count("token_came_in_clear") == 2


def test_a_secret_in_a_text_is_cut_out_and_the_hash_is_of_what_the_client_holds() -> None:
    secret = SHAPED["github"][0]
    item = sound(TASK | {"title": f"push with {secret}"})
    assert secret not in repr(item.document)
    assert item.notes == ("secret_cut_out",)
    assert item.came == content_hash(TASK | {"title": f"push with {secret}"})


def test_characters_that_no_database_holds_are_replaced_and_told() -> None:
    item = sound(TASK | {"title": "cut \ud83d off, \0, whole \U0001f600"})
    assert item.document["title"] == "cut \ufffd off, \0, whole \U0001f600"
    assert item.notes == ("characters_replaced",)


def kept(value: Any) -> Any:
    try:
        return storable(value)
    except Invalid:  # two names collide
        return reject()


@given(JSON)
def test_what_is_storable_is_stable_and_survives_json(value: Any) -> None:
    stays = kept(value)
    assert storable(stays) == stays
    assert json.loads(json.dumps(stays, ensure_ascii=False).encode()) == stays


@given(st.dictionaries(TEXT, JSON, max_size=3))
def test_the_hash_does_not_depend_on_the_order_of_names_nor_on_the_way_through_json(value: Any) -> None:
    stays = kept(value)
    turned = json.loads(json.dumps(dict(reversed(stays.items()))))
    assert content_hash(turned) == content_hash(stays)


@given(JSON)
def test_any_value_is_an_item_or_a_fault(value: Any) -> None:
    assert isinstance(judged(value), Item | Fault)
