"""Which errors are the same: SHA-256 over the type and the way that led to it. Pure.

Two occurrences are one error when their stacks have the same frames: module and function, without line
numbers, addresses, ids and the folders before the package. Without a stack the message decides, without
what varies in it. Called by `failures`.
"""

import re
from hashlib import sha256
from itertools import groupby
from typing import Final

_FRAME: Final = re.compile(r'^\s*File "(?P<path>[^"]+)", line \d+(?:, in (?P<function>.+))?$', re.MULTILINE)
_PACKAGES: Final = re.compile(r"^.*(?:site-packages|dist-packages|/src|lib/python\d[\d.]*)/")
_VARYING: Final = (
    (re.compile(r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<address>"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.@~+-]+){2,}"), "<path>"),
    (re.compile(r"\b[0-9a-f]{12,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\d+"), "<n>"),
)
_TELLING_CHARACTERS: Final = 20_000


def fingerprint(kind: str, message: str, stack: str) -> str:
    """Returns the fingerprint, 64 hexadecimal digits."""
    way = _frames(stack[-_TELLING_CHARACTERS:]) or _steady(stack) or _steady(message)
    return sha256("\n".join((kind, way)).encode("utf-8", "replace")).hexdigest()


def _frames(stack: str) -> str:
    """Python's frames; a recursion counts once however deep it went."""
    frames = (f"{_module(found['path'])}:{found['function'] or ''}" for found in _FRAME.finditer(stack))
    return "\n".join(frame for frame, _ in groupby(frames))


def _module(path: str) -> str:
    inside = _PACKAGES.sub("", path.replace("\\", "/"))
    return "/".join(inside.split("/")[-3:]) if inside == path else inside


def _steady(text: str) -> str:
    text = text[:_TELLING_CHARACTERS]
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text.strip()
