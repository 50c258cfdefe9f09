"""JSON objects as documents that MongoDB and FerretDB both hold, and back, equal.

Neither holds all of JSON: FerretDB 1.24 refuses arrays in arrays, `.` and leading `$` in keys and NUL in
strings; BSON has no integers over 64 bits and no NUL in keys; MongoDB stops at 100 levels. A top-level field
that holds such a value is kept as null, and its JSON text in the field `_json`; all others, and so nearly
every message, are stored as they are. Reading looks at one field, so it costs nothing. Called by the stores.
"""

import json
from collections.abc import Mapping
from math import copysign, isfinite
from typing import Any, Final

from agentbus.kernel.errors import Invalid

OVERFLOW: Final = "_json"
_RESERVED: Final = frozenset({"_id", OVERFLOW})

_MAX_DEPTH: Final = 64
_MAX_MEMBERS: Final = 1_000
"""Longer arrays and objects are text too: FerretDB takes 2 s for an object of 10,000 members."""

_MAX_INTEGER: Final = 2**63 - 1


def encode(identity: str, value: Mapping[str, Any], *, native: frozenset[str]) -> dict[str, Any]:
    """Returns the document with the `_id` `identity` for the JSON object `value`.

    The fields in `native` are what the database looks documents up by. Raises Invalid when one of them cannot
    be stored as it is, or when `value` holds what is not JSON (NaN, infinities, other types).
    """
    document = {"_id": identity, **value}
    overflow = {
        key: field
        for key, field in value.items()
        if key in _RESERVED or not (_is_plain_key(key) and _is_plain(field, _MAX_DEPTH))
    }
    if not overflow:
        return document
    if unusable := native & overflow.keys():
        raise Invalid(f"the database cannot hold these fields: {sorted(unusable)}", code="unstorable")
    for key in overflow:
        if _is_plain_key(key):
            document[key] = None
        else:
            del document[key]
    return {**document, "_id": identity, OVERFLOW: _to_text(overflow)}


def decode(document: dict[str, Any]) -> dict[str, Any]:
    """Returns the JSON object that `document` (without its `_id`) stands for; inverts `encode`."""
    text = document.pop(OVERFLOW, None)
    if text is not None:
        document.update(json.loads(text))
    return document


def _to_text(overflow: Mapping[str, Any]) -> str:
    try:
        return json.dumps(overflow, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(f"not a JSON object: {error}", code="unstorable") from error


def _is_plain_key(key: str) -> bool:
    return not ("." in key or "\0" in key or key.startswith("$"))


def _is_plain(value: Any, depth: int) -> bool:
    match value:
        case str():
            return "\0" not in value
        case None | bool():
            return True
        case int():
            return -_MAX_INTEGER - 1 <= value <= _MAX_INTEGER
        case float():
            return isfinite(value) and (value != 0.0 or copysign(1.0, value) > 0.0)
        case dict():
            return _fits(value, depth) and all(
                _is_plain_key(key) and _is_plain(member, depth - 1) for key, member in value.items()
            )
        case list():
            return _fits(value, depth) and all(
                not isinstance(item, list) and _is_plain(item, depth - 1) for item in value
            )
    return False


def _fits(value: dict[str, Any] | list[Any], depth: int) -> bool:
    return depth > 0 and len(value) <= _MAX_MEMBERS
