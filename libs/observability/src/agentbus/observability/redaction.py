"""Secrets never reach a log or a health page: values under secret names, tokens and passwords inside text.

Called by the log chain for each event, and by the chassis for texts that it shows.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from agentbus.observability.secrets.text import cut_out, secrets_in

REDACTED: Final = "[redacted]"
TEXT_LIMIT_CHARACTERS: Final = 16_384

_SECRET_NAME: Final = re.compile(
    r"(?:^|[_\-.])(?:secret|token|password|passwd|authorization|cookie|credentials?|api_?key|private_?key)s?$",
    re.IGNORECASE,
)
_CAMEL_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_IN_TEXT: Final = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), REDACTED),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"), REDACTED),
    (re.compile(r"(?i)\b((?:access_)?token|password|secret|api_?key)=[^\s&\"']+"), rf"\1={REDACTED}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {REDACTED}"),
)


def redact_text(text: str) -> str:
    """Returns `text` without the secrets in it, cut when very long."""
    if len(text) > TEXT_LIMIT_CHARACTERS:
        text = f"{text[:TEXT_LIMIT_CHARACTERS]}… ({len(text)} characters)"
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return cut_out(text, secrets_in(text))


def redact(value: Any, *, depth: int = 6) -> Any:
    """Returns `value` without what `redact_text` and secret names hide; below `depth`, as text."""
    if isinstance(value, str):
        return redact_text(value)
    if depth == 0 and isinstance(value, Mapping | list | tuple):
        return redact_text(repr(value))
    if isinstance(value, Mapping):
        return {
            key: REDACTED if item and _is_secret(str(key)) else redact(item, depth=depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(item, depth=depth - 1) for item in value]
    return value


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(_CAMEL_HUMP.sub("_", name)))
