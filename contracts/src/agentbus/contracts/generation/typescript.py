"""TypeScript types from JSON Schemas, for the browser app and other clients.

It knows the part of JSON Schema that our models use and refuses the rest: a type that it would have to guess
is worse than a failed generation. `tests/integration/contracts` compiles its output with the real compiler.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from agentbus.contracts.generation.keywords import ALTERNATIVES, BOUNDS, KINDS, STRUCTURE, WORDS

Json = dict[str, Any]

_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_KNOWN = WORDS | BOUNDS | KINDS | STRUCTURE | {"default", *ALTERNATIVES}


class UnknownSchema(ValueError):
    """The schema uses something for which there is no rule here."""


def expression(schema: Json) -> str:
    """Returns the TypeScript type of `schema`; raises UnknownSchema when a keyword has no rule."""
    if unknown := schema.keys() - _KNOWN:
        raise UnknownSchema(f"no rule for {sorted(unknown)}")
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix("#/$defs/")
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for keyword in ALTERNATIVES:
        if keyword in schema:
            return " | ".join(dict.fromkeys(expression(branch) for branch in schema[keyword]))
    return _of_type(schema)


def _of_type(schema: Json) -> str:
    kind = schema.get("type")
    if kind is None:
        return "unknown"
    if kind == "array":
        item = expression(schema.get("items", {}))
        return f"({item})[]" if " " in item else f"{item}[]"
    if kind == "object":
        return _of_object(schema)
    if kind in _SCALARS:
        return _SCALARS[kind]
    raise UnknownSchema(f"no rule for type {kind!r}")


def _of_object(schema: Json) -> str:
    if "properties" in schema:
        raise UnknownSchema("an object with properties needs a name")
    named = [expression(values) for values in schema.get("patternProperties", {}).values()]
    values = schema.get("additionalProperties", not named)
    others = ["unknown" if values is True else expression(values)] if values else []
    return f"Record<string, {' | '.join(dict.fromkeys(named + others))}>"


def declaration(name: str, schema: Json) -> str:
    """Returns the exported declaration of `schema` under `name`."""
    comment = _comment(schema, indent="")
    if schema.get("type") != "object":
        return f"{comment}export type {name} = {expression(schema)};\n"
    if unknown := schema.keys() - _KNOWN:
        raise UnknownSchema(f"{name}: no rule for {sorted(unknown)}")
    required = schema.get("required", [])
    fields = [
        f"{_comment(field, indent='  ')}  {key}{'' if key in required else '?'}: {expression(field)};\n"
        for key, field in schema.get("properties", {}).items()
    ]
    open_ended = "  [unknown: string]: unknown;\n" if schema.get("additionalProperties") is True else ""
    return f"{comment}export interface {name} {{\n{''.join(fields)}{open_ended}}}\n"


def _comment(schema: Json, indent: str) -> str:
    text = " ".join(str(schema.get("description", "")).split()).replace("*/", "* /")
    return f"{indent}/** {text} */\n" if text else ""


def module(title: str, definitions: Mapping[str, Json], payloads: Mapping[str, str]) -> str:
    """Returns a whole module: every definition, and `PayloadByType`, which maps message types to payloads."""
    declared = [declaration(name, schema) for name, schema in sorted(definitions.items())]
    by_type = "".join(f"  {_key(name)}: {model};\n" for name, model in sorted(payloads.items()))
    mapping = f"/** The payload of each message type. */\nexport interface PayloadByType {{\n{by_type}}}\n"
    return "\n".join([f"// {title}\n", *declared, mapping])


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name)
