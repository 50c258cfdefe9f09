"""The TypeScript generator guesses nothing: what it has no rule for stops it."""

import pytest

from agentbus.contracts.generation.typescript import UnknownSchema, declaration, expression


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "minimum": 1}, "number"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a" | "b")[]'),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "Record<string, string>"),
        ({"anyOf": [{"$ref": "#/$defs/Cut"}, {"type": "null"}], "default": None}, "Cut | null"),
        ({"const": "start_plan", "type": "string"}, '"start_plan"'),
        ({}, "unknown"),
    ],
    ids=str,
)
def test_what_has_a_rule(schema: dict[str, object], expected: str) -> None:
    assert expression(schema) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "date"},
        {"not": {"type": "string"}},
        {"type": "array", "prefixItems": [{"type": "string"}]},
    ],
    ids=str,
)
def test_what_has_no_rule_is_not_guessed(schema: dict[str, object]) -> None:
    with pytest.raises(UnknownSchema):
        expression(schema)
    with pytest.raises(UnknownSchema):
        declaration("Holder", {"type": "object", "properties": {"field": schema}})
