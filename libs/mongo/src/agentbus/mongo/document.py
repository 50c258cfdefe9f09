"""JSON objects as documents that MongoDB and FerretDB both hold, and back, equal.

Neither holds all of JSON: FerretDB 1.24 refuses arrays in arrays, `.` and leading `$` in keys and NUL in
strings; BSON has no integers over 64 bits and no NUL in keys; MongoDB stops at 100 levels. A top-level field
that holds such a value is kept as JSON text, all such together in the field `_json`; the others, and so
nearly every message, are stored as they are. Reading looks at one field, so it costs nothing. Called by the
stores.
"""

import json
from collections.abc import Iterable, Mapping
from math import copysign, isfinite
from typing import Any, Final

from agentbus.kernel.errors import Invalid

OVERFLOW: Final = "_json"
_RESERVED: Final = frozenset({"_id", OVERFLOW})

_MAX_DEPTH: Final = 64
_MAX_MEMBERS: Final = 1_000
"""Longer arrays and objects are text too: FerretDB takes 2 s for an object of 10,000 members."""

_MAX_INTEGER: Final = 2**63 - 1


def encode(identity: str, value: dict[str, Any], *, native: frozenset[str]) -> dict[str, Any]:
    """Returns the document with the `_id` `identity` for the JSON object `value`.

    The fields in `native` are what the database looks documents up by. Raises Invalid when one of them cannot
    be stored as it is, or when `value` holds what is not JSON (NaN, infinities, other types).
    """
    if value.keys().isdisjoint(_RESERVED) and _is_plain(value, _MAX_DEPTH):
        return {"_id": identity, **value}
    crowded = len(value) > _MAX_MEMBERS
    overflow = {
        key: field
        for key, field in value.items()
        if (crowded and key not in native)
        or key in _RESERVED
        or _has_awkward([key])
        or not _is_plain(field, _MAX_DEPTH)
    }
    if unusable := native & overflow.keys():
        raise Invalid(f"the database cannot hold these fields: {sorted(unusable)}", code="unstorable")
    plain = {key: field for key, field in value.items() if key not in overflow}
    return {"_id": identity, **plain, OVERFLOW: _to_text(overflow)}


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


def _has_awkward(keys: Iterable[str]) -> bool:
    """Returns whether one of `keys` cannot be stored; may err on keys with line breaks, which is harmless."""
    joined = "\n".join(keys)
    return "." in joined or "\0" in joined or joined.startswith("$") or "\n$" in joined


def _is_plain(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind is str:
        return "\0" not in value
    if value is None or kind is bool:
        return True
    if isinstance(value, int):
        return -_MAX_INTEGER <= value <= _MAX_INTEGER
    if kind is float:
        return isfinite(value) and (value != 0.0 or copysign(1.0, value) > 0.0)
    if depth == 0 or kind not in (dict, list) or len(value) > _MAX_MEMBERS:
        return False
    if kind is dict:
        return not _has_awkward(value) and _are_plain(value.values(), depth - 1)
    return list not in map(type, value) and _are_plain(value, depth - 1)


def _are_plain(members: Iterable[Any], depth: int) -> bool:
    for member in members:
        if type(member) is str:  # nearly all are: half the time of a call for each
            if "\0" in member:
                return False
        elif not _is_plain(member, depth):
            return False
    return True
