"""JSON Schemas (2020-12) of what readers accept, in a form that does not change while the models do not."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

Json = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WithoutFieldTitles(GenerateJsonSchema):
    """Models keep their titles; a field's title would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the name is pydantic's
        return False


def schema_documents(adapters: Mapping[str, TypeAdapter[Any]]) -> dict[str, Json]:
    """Returns one self-contained schema document per name."""
    return {
        name: {
            "$schema": DIALECT,
            "$id": f"urn:agentbus:schema:{name}",
            **_with_required_tags(adapter.json_schema(schema_generator=_WithoutFieldTitles)),
        }
        for name, adapter in adapters.items()
    }


def shared_definitions(adapters: Mapping[str, TypeAdapter[Any]]) -> tuple[dict[str, Json], dict[str, Json]]:
    """Returns the schema of each name, and the definitions that all of them refer to, each there once."""
    roots, shared = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in adapters.items()],
        schema_generator=_WithoutFieldTitles,
    )
    definitions = _with_required_tags(shared)["$defs"]
    return {name: _tagged(root, definitions) for (name, _), root in roots.items()}, definitions


def _with_required_tags(document: Json) -> Json:
    _tagged(document, document.get("$defs", {}))
    return document


def _tagged(root: Json, definitions: dict[str, Json]) -> Json:
    """A union's tag has a default in each model, so the schema calls it optional; the reader needs it."""
    tag = root.get("discriminator", {}).get("propertyName")
    for branch in root.get("oneOf", []) if tag else []:
        model = definitions[branch["$ref"].removeprefix("#/$defs/")]
        model["required"] = [tag, *(name for name in model.get("required", []) if name != tag)]
    return root
