"""Lists in request headers: which encodings are taken, which entity tags are named. Pure.

Called by `answers.py`, and by routes of services for conditional requests.
"""

import re
from collections.abc import Iterator
from typing import Final

_ITEM: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')


def items(header: str) -> Iterator[str]:
    """Yields the items of a comma-separated list (RFC 9110 section 5.6.1); commas in quotes part nothing."""
    return (found.group() for found in _ITEM.finditer(header))


def accepts_gzip(accept_encoding: str) -> bool:
    """Tells whether the answer may be compressed (RFC 9110 section 12.5.3)."""
    for item in items(accept_encoding.lower()):
        coding, _, weight = item.partition(";")
        if coding.strip() == "gzip":
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def matches(if_none_match: str, etag: str) -> bool:
    """Tells whether `If-None-Match` names the entity tag, by weak comparison (RFC 9110 section 13.1.2)."""
    opaque = etag.removeprefix("W/")
    tags = [item.strip() for item in items(if_none_match)]
    return "*" in tags or any(tag.removeprefix("W/") == opaque for tag in tags)


def matches_strongly(if_match: str, etag: str | None) -> bool:
    """Tells whether `If-Match` holds, by strong comparison (section 13.1.1); no `etag`: there is nothing."""
    tags = [item.strip() for item in items(if_match)]
    return etag is not None and ("*" in tags or (etag in tags and not etag.startswith("W/")))
