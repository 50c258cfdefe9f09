"""What stands in localStorage is found in every form that clients used, and nothing makes the reader fail."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.zustand_dump import recorded

from agentbus.workspace.imports.content import hash_of_all
from agentbus.workspace.imports.dump import KEYS, read
from agentbus.workspace.imports.items import read_all

TASK: dict[str, Any] = {"id": "t1", "title": "Mend it", "status": "MERGED"}
ENVIRONMENT: dict[str, Any] = {"id": "e1", "name": "Site"}


def test_what_zustand_wrote_is_read_whole_and_hashed_as_the_client_does() -> None:
    dump = recorded()
    reading = read_all(dump.sent)
    assert reading.sound
    assert [(source.key, source.form, len(source.found)) for source in reading.sources] == [
        ("task-store", "persist", 13),
        ("environments", "persist", 2),
    ]
    contents = [(item.found.collection, item.came) for item in reading.items]
    assert hash_of_all(contents) == (dump.count, dump.content_hash) == (15, dump.content_hash)


@pytest.mark.parametrize("key", [key for key, collection in KEYS.items() if collection == "tasks"])
@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"state": {"tasks": [TASK]}, "version": 0}, "persist"),
        ({"state": {"tasks": [TASK], "filter": "all"}, "version": 3}, "persist"),
        ({"tasks": [TASK]}, "bare"),
        ([TASK], "list"),
        (json.dumps({"state": {"tasks": [TASK]}, "version": 0}), "persist"),
    ],
)
def test_every_key_in_every_form(key: str, value: Any, form: str) -> None:
    (source,) = read({key: json.dumps(value)})
    assert (source.form, source.problem) == (form, None)
    assert [(each.collection, each.index, each.value) for each in source.found] == [("tasks", 0, TASK)]


def test_one_value_may_hold_both_collections() -> None:
    (source,) = read({"task-store": json.dumps({"tasks": [TASK], "environments": [ENVIRONMENT]})})
    assert [(each.collection, each.value["id"]) for each in source.found] == [
        ("tasks", "t1"),
        ("environments", "e1"),
    ]


@pytest.mark.parametrize("raw", [None, "", "  ", "null", "{}", '{"state":{},"version":0}', '{"tasks":[]}'])
def test_nothing_there_is_no_failure(raw: str | None) -> None:
    reading = read_all({"task-store": raw})
    assert (reading.sound, reading.items) == (True, ())


@pytest.mark.parametrize(
    ("key", "raw", "code"),
    [
        ("task-store", '{"state":{"tasks":[{"id":"t1"', "broken_json"),
        ("task-store", '{"tasks":[{"id":"t1","estimate":NaN}]}', "broken_json"),
        ("task-store", "[" * 100_000, "broken_json"),
        ("task-store", "9" * 5_000, "broken_json"),
        ("task-store", "7", "nothing_known"),
        ("task-store", '{"state":{"todos":[]},"version":0}', "nothing_known"),
        ("environments", '{"environments":{"e1":{}}}', "not_a_list"),
    ],
)
def test_a_value_that_cannot_be_read_says_why(key: str, raw: str, code: str) -> None:
    reading = read_all({key: raw})
    assert [source.code for source in reading.sources] == [code]
    assert reading.sources[0].problem
    assert not reading.sound


def test_a_key_of_something_else_is_told_and_left_alone() -> None:
    reading = read_all({"theme": '"dark"', "tasks": json.dumps([TASK])})
    assert [source.code for source in reading.sources] == ["unknown_key", None]
    assert reading.sound


@given(st.dictionaries(st.sampled_from([*KEYS, "theme"]), st.text(max_size=40)))
def test_any_text_is_answered(values: dict[str, str]) -> None:
    assert len(read_all(values).sources) <= len(values)
