import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbus.workspace.errors import BadDocument, SecretInDocument
from agentbus.workspace.model import Stored, checked, differing, dumped, facets, merged, same, settled

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, value)


@given(JSON, JSON)
def test_sameness_has_no_direction(left: Any, right: Any) -> None:
    assert same(left, right) == same(right, left)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        (2**60 + 1, 2**60, True),
        (10**400, 10**401, True),
        (True, 1, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ([1, [2]], [1.0, [2]], True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (math.inf, 10**400, True),
    ],
)
def test_what_is_the_same_to_javascript(left: Any, right: Any, expected: bool) -> None:
    assert same(left, right) is expected


def test_servers_fields_and_an_absent_deletion_do_not_differ() -> None:
    client = {"id": "t1", "title": "a", "updatedAt": 7}
    server = {"id": "t1", "title": "a", "updatedAt": "…", "createdAt": "…", "_deleted": False}
    assert differing(client, server) == set()
    assert differing(client | {"_deleted": True, "mood": None}, server) == {"_deleted", "mood"}


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"id": ""},
        {"id": "a\x00"},
        {"id": 7},
        {"id": "t", "status": "done"},
        {"id": "t", "messages": [1]},
        {"id": "t", "isArchived": "no"},
        {"id": "t", "odd": math.nan},
        {"id": "t", "title": "\ud800"},
        {"id": "t", "odd": "\udfff"},
        {"id": "t", "title": "x" * 6_000_001},
    ],
    ids=lambda bad: repr(bad)[:40],
)
def test_what_is_no_task_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadDocument):
        checked("tasks", bad)


def test_secrets_stand_in_no_document() -> None:
    with pytest.raises(SecretInDocument):
        checked("environments", {"id": "e", "githubToken": "ghp_x"})


@given(st.dictionaries(st.text(), JSON))
def test_unknown_fields_are_kept_as_they_came(extra: dict[str, Any]) -> None:
    document = {f"x{name}": value for name, value in extra.items()} | {"id": "t", "title": "a\x00b"}
    assert checked("tasks", document) == document


def test_the_servers_fields_are_the_servers() -> None:
    stored = {"id": "e", "createdAt": "then", "secretNames": ["token"], "_deleted": False}
    before = Stored("environments", "e", 1, dumped(stored), "ann")
    client = {"id": "e", "createdAt": "forged", "secretNames": ["forged"], "updatedAt": "forged"}
    assert settled("environments", client, before) == stored


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({"a": "c"}, {"a": "c", "b": {"d": 1}}),
        ({"b": None}, {"a": "x"}),
        ({"b": {"d": None, "e": 2}}, {"a": "x", "b": {"e": 2}}),
        ({"a": {"n": {"m": None}}}, {"a": {"n": {}}, "b": {"d": 1}}),
        ({"b": [1]}, {"a": "x", "b": [1]}),
    ],
)
def test_a_merge_patch_is_as_rfc_7396_has_it(patch: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged({"a": "x", "b": {"d": 1}}, patch) == result


def test_lists_find_a_document_by_its_words() -> None:
    found = facets({"title": "Mend\x00 IT", "status": "DONE", "isArchived": True, "name": 7})
    assert (found.status, found.archived, found.search) == ("DONE", True, "mend it")
