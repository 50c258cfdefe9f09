"""The JSON Schema keywords that our models use, by what they do. Others have no rule in this package."""

from typing import Final

WORDS: Final = frozenset({"title", "description", "examples", "$id", "$schema", "$defs", "discriminator"})
"""They change nothing about what is valid."""

SIZES: Final = frozenset({"minLength", "maxLength", "minItems", "maxItems", "maxProperties"})
RANGES: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
TEXTS: Final = frozenset({"pattern", "format"})
NAMES: Final = frozenset({"propertyNames", "patternProperties"})
BOUNDS: Final = SIZES | RANGES | TEXTS | NAMES
"""They narrow a type."""

KINDS: Final = frozenset({"type", "const", "enum"})
STRUCTURE: Final = frozenset({"$ref", "properties", "required", "additionalProperties", "items"})
ALTERNATIVES: Final = ("anyOf", "oneOf")
