"""Finds tasks and environments in the raw values of a browser's localStorage. Pure; called by `items`.

Guarantee: never raises for what a value holds. A value that cannot be read is a source with a problem, and
everything that is found keeps its place (key, position), so that a person can look it up.
Source of the format: compatibility.md section 2; zustand's `persist` writes `{"state": …, "version": n}`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from agentbus.contracts.http.imports import Form
from agentbus.contracts.workspace import CollectionName

COLLECTIONS: Final[tuple[CollectionName, ...]] = ("tasks", "environments")
KEYS: Final[dict[str, CollectionName]] = {
    "task-store": "tasks",
    "environments": "environments",
    "tasks": "tasks",
    "taskStore": "tasks",
    "task-data": "tasks",
}
"""The keys that clients have used, and what a bare list under each holds."""


@dataclass(frozen=True)
class Found:
    """Something that may be a task or an environment, and where it stood."""

    collection: CollectionName
    key: str
    index: int
    value: Any


@dataclass(frozen=True)
class Source:
    """A key of localStorage: in which form it came and what was in it, or why it could not be read."""

    key: str
    form: Form | None
    found: tuple[Found, ...] = ()
    code: str | None = None
    problem: str | None = None


def read(values: Mapping[str, str | None]) -> list[Source]:
    """Returns what stands in `values`, a source a key that holds anything, in the order of `values`."""
    return [_source(key, raw) for key, raw in values.items() if raw is not None and raw.strip() != ""]


def _source(key: str, raw: str) -> Source:
    if key not in KEYS:
        return Source(key, None, code="unknown_key", problem="no key of tasks or environments; left alone")
    try:
        value = _parsed(raw)
    except (ValueError, RecursionError) as error:
        return Source(key, None, code="broken_json", problem=f"cannot be read: {_reason(error)}")
    if value is None:
        return Source(key, "bare")
    form, state = _state(key, value)
    lists = dict(_lists(state))
    if not lists and state != {}:
        return Source(key, form, code="nothing_known", problem="holds neither tasks nor environments")
    for name, items in lists.items():
        if not isinstance(items, list):
            return Source(key, form, code="not_a_list", problem=f"`{name}` is no list")
    return Source(key, form, tuple(_found(key, lists)))


def _parsed(raw: str) -> Any:
    """Returns the JSON in `raw`, also when it was written as a string of JSON once too often."""
    value = json.loads(raw, parse_constant=_no_constant)
    return json.loads(value, parse_constant=_no_constant) if isinstance(value, str) else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):  # whose own text would do, but for its document
        return f"{error.msg} at character {error.pos}"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def _state(key: str, value: Any) -> tuple[Form, Any]:
    if isinstance(value, list):
        return "list", {KEYS[key]: value}
    if isinstance(value, dict) and isinstance(value.get("state"), dict):
        return "persist", value["state"]
    return "bare", value


def _lists(state: Any) -> Iterator[tuple[CollectionName, Any]]:
    for name in COLLECTIONS:
        if isinstance(state, dict) and state.get(name) is not None:
            yield name, state[name]


def _found(key: str, lists: Mapping[CollectionName, list[Any]]) -> Iterator[Found]:
    for collection, items in lists.items():
        for index, value in enumerate(items):
            yield Found(collection, key, index, value)
