"""What a request prefers and accepts, read from its headers; what makes no sense counts as not said.

Pure; called by `routes.py` and `answers.py`.
"""

import re
from collections.abc import Iterator
from typing import Final

_ITEM: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_DIGITS: Final = 9
"""More digits mean longer than any limit anyway."""


def wait_seconds(prefer: str, limit_seconds: int) -> int | None:
    """Returns for how long `Prefer` asks to wait (RFC 7240 section 4.3), at most the limit; None: not at all.

    As that section has it, the first `wait` counts.
    """
    for item in _items(prefer):
        name, _, value = item.partition(";")[0].partition("=")
        if name.strip().lower() != "wait":
            continue
        seconds = value.strip().strip('"')
        if not (seconds.isascii() and seconds.isdecimal()):
            return None
        return min(int(seconds[:_DIGITS]), limit_seconds) or None
    return None


def accepts_gzip(accept_encoding: str) -> bool:
    """Tells whether the answer may be compressed (RFC 9110 section 12.5.3)."""
    for item in _items(accept_encoding.lower()):
        coding, _, weight = item.partition(";")
        if coding.strip() == "gzip":
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def matches(if_none_match: str, etag: str) -> bool:
    """Tells whether `If-None-Match` names the entity tag, by weak comparison (RFC 9110 section 13.1.2)."""
    opaque = etag.removeprefix("W/")
    tags = [item.strip() for item in _items(if_none_match)]
    return "*" in tags or any(tag.removeprefix("W/") == opaque for tag in tags)


def _items(header: str) -> Iterator[str]:
    return (found.group() for found in _ITEM.finditer(header))
