"""Makes any value fit for the log: valid JSON that every reader can store, and not larger than allowed.

What is too large is cut and marked with its size and SHA-256, never dropped silently. Called by `plan_log`.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from agentbus.contracts.payloads import Cut
from agentbus.observability.secrets.text import without_secrets
from agentbus.observability.secrets.value import field_name, hidden_by_name

OUTPUT_LIMIT_BYTES: Final = 256 * 1024
_DEPTH_LIMIT: Final = 64
_TOO_DEEP: Final = f"(nested deeper than {_DEPTH_LIMIT} levels)"
_INT64: Final = range(-(2**63), 2**63)


def clean(value: Any, depth: int = 0) -> Any:
    """Returns `value` as JSON that PostgreSQL, MongoDB and browsers can all hold.

    NUL characters and lone surrogates become U+FFFD, secrets `[redacted:kind]`; integers beyond 64 bits and
    numbers that JSON does not know become text; what is no JSON becomes its `str`; what is nested deeper than
    64 levels, a note of that.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return publishable(value)
    if isinstance(value, int):
        return value if value in _INT64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _TOO_DEEP if depth == _DEPTH_LIMIT else _clean_items(value, depth + 1)
    return publishable(str(value))


def _clean_items(value: Mapping[Any, Any] | Iterable[Any], depth: int) -> Any:
    if isinstance(value, Mapping):
        fields: dict[str, Any] = {}
        for key, item in value.items():
            fields[field_name(clean_text(str(key)), fields)] = _clean_item(str(key), item, depth)
        return fields
    return [clean(item, depth) for item in value]


def _clean_item(name: str, item: Any, depth: int) -> Any:
    hidden = hidden_by_name(name, item) if isinstance(item, str) else None
    return clean(item, depth) if hidden is None else hidden


def clean_text(text: str) -> str:
    """Returns `text` without NUL characters and lone surrogates; U+FFFD stands for each."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def publishable(text: str) -> str:
    """Returns `text` as it may stand on the bus: storable, and without secrets."""
    return without_secrets(clean_text(text))


def bound(value: Any, limit_bytes: int = OUTPUT_LIMIT_BYTES) -> tuple[Any, Cut | None]:
    """Returns a clean `value` and None, or a prefix of its text and what was cut.

    It is cut when its JSON (a string: its UTF-8) is over `limit_bytes`.
    """
    value = clean(value)
    text = value.encode() if isinstance(value, str) else orjson.dumps(value)
    if len(text) <= limit_bytes:
        return value, None
    cut = Cut(size_bytes=len(text), sha256=hashlib.sha256(text).hexdigest())
    return text[:limit_bytes].decode(errors="ignore"), cut
