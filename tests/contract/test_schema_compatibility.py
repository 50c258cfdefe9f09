"""The schemas may replace the last released ones; each kind of break is noticed."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentbus.contracts.generation.compatibility import breaks, schema_breaks
from agentbus.contracts.generation.json_schema import schema_documents
from agentbus.contracts.generation.registry import SCHEMAS

BASELINE = Path(__file__).parents[2] / "contracts" / "baseline" / "schemas"
OLD: dict[str, Any] = {
    "type": "object",
    "required": ["id", "step"],
    "properties": {
        "id": {"type": "string", "maxLength": 10},
        "step": {"$ref": "#/$defs/Step"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "tags": {"type": "array", "items": {"type": "string"}},
        "free": {"type": "object", "additionalProperties": True},
    },
    "$defs": {
        "Step": {
            "type": "object",
            "properties": {
                "status": {"enum": ["open", "done"]},
                "inner": {"$ref": "#/$defs/Step"},
            },
        }
    },
}
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    change(new)
    return new


def test_the_schemas_may_replace_the_last_released_ones() -> None:
    released = {path.stem: json.loads(path.read_text()) for path in BASELINE.glob("*.json")}
    assert released
    assert breaks(released, schema_documents(SCHEMAS)) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda doc: None, id="nothing"),
        pytest.param(lambda doc: doc["properties"].update(more={"type": "integer"}), id="optional field"),
        pytest.param(lambda doc: doc.update(description="Other words."), id="words"),
        pytest.param(lambda doc: doc["properties"]["id"].update(description="?"), id="words of a field"),
        pytest.param(lambda doc: doc["$defs"].update(Other={"type": "string"}), id="unused definition"),
        pytest.param(
            lambda doc: doc["$defs"]["Step"]["properties"].update(more={"type": "string"}), id="nested field"
        ),
        pytest.param(lambda doc: doc.update(additionalProperties=True), id="said what was the default"),
    ],
)
def test_what_may_change(change: Change) -> None:
    assert schema_breaks(OLD, changed(change)) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda doc: doc["properties"].pop("note"), ".note: the field was removed"),
        (
            lambda doc: doc["properties"].update(name=doc["properties"].pop("id")),
            ".id: the field was removed",
        ),
        (lambda doc: doc["required"].append("note"), ".note: the field is now required"),
        (lambda doc: doc["required"].remove("id"), ".id: the field is no longer required"),
        (lambda doc: doc["properties"]["id"].update(type="integer"), ".id: type changed"),
        (lambda doc: doc["properties"]["id"].update(maxLength=5), ".id: maxLength changed from 10 to 5"),
        (lambda doc: doc["properties"]["id"].update(maxLength=20), ".id: maxLength changed from 10 to 20"),
        (lambda doc: doc["properties"]["id"].update(pattern="^a"), ".id: pattern changed from None"),
        (lambda doc: doc["properties"]["note"]["anyOf"].pop(), ".note: anyOf has 1 alternatives"),
        (lambda doc: doc["properties"]["note"].update(default=""), ".note: default changed"),
        (lambda doc: doc["properties"]["note"].pop("default"), ".note: default changed"),
        (lambda doc: doc["properties"]["tags"]["items"].update(type="integer"), ".tags[items]: type changed"),
        (lambda doc: doc["properties"]["tags"].pop("items"), ".tags[items]"),
        (lambda doc: doc["properties"]["free"].update(additionalProperties=False), "True became False"),
        (lambda doc: doc.update(additionalProperties=False), "True became False"),
        (
            lambda doc: doc["properties"]["free"].update(additionalProperties={"type": "string"}),
            "[additional",
        ),
        (
            lambda doc: doc["$defs"]["Step"]["properties"]["status"]["enum"].append("lost"),
            ".step.status: enum",
        ),
        (lambda doc: doc["$defs"]["Step"]["properties"]["status"]["enum"].pop(), ".step.status: enum"),
        (lambda doc: doc.update(dependentRequired={"id": ["note"]}), "cannot classify"),
        (lambda doc: doc["properties"]["tags"].update(uniqueItems=True), "cannot classify"),
    ],
)
def test_what_may_not_change(change: Change, reason: str) -> None:
    found = schema_breaks(OLD, changed(change))
    assert any(reason in problem for problem in found), found


def test_a_schema_may_be_added_and_not_removed() -> None:
    assert breaks({"a.v1": OLD}, {"a.v1": OLD, "b.v1": OLD}) == []
    assert breaks({"a.v1": OLD, "b.v1": OLD}, {"a.v1": OLD}) == ["b.v1: the schema was removed"]
