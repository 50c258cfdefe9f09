"""Cuts secrets out of texts: each becomes `[redacted:kind]`, all else stays as it is, byte for byte.

Takes time in proportion to the text, whatever stands in it. Called by `value` and `growing`, by the logs, and
by whoever writes a text to the bus. An operator can add patterns (`AGENTBUS_REDACT_PATTERNS`).
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from agentbus.kernel.errors import Fatal
from agentbus.observability.instruments import REDACTED
from agentbus.observability.secrets.assignments import assigned_secrets
from agentbus.observability.secrets.shapes import SHAPES, Shape

_SHORT_CHARACTERS: Final = 500
"""Up to here one search for all marks is faster than one for each."""

_ANY_MARK: Final = re.compile("|".join({re.escape(mark) for shape in SHAPES for mark in shape.marks}))
_added: list[Shape] = []


class Secret(NamedTuple):
    """A stretch of a text that must not be published."""

    start: int
    end: int
    kind: str


def add_patterns(patterns: Iterable[str]) -> None:
    """Hides what these regular expressions match, too, as `custom`; the last call holds.

    Raises Fatal for one that is none, and for one that matches the empty text.
    """
    shapes = []
    for pattern in patterns:
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise Fatal(f"redact pattern {pattern!r}: {error}", code="bad_redact_pattern") from None
        if compiled.match(""):
            raise Fatal(f"redact pattern {pattern!r} matches the empty text", code="bad_redact_pattern")
        shapes.append(Shape("custom", (), compiled))
    _added[:] = shapes


def added_patterns() -> tuple[Shape, ...]:
    """Returns what `add_patterns` added: answers of `secrets_in` hold as long as it is the same."""
    return tuple(_added)


def secrets_in(text: str) -> list[Secret]:
    """Returns the secrets in `text`, in order, none over another."""
    found: list[Secret] = []
    if len(text) > _SHORT_CHARACTERS or _ANY_MARK.search(text):
        for shape in SHAPES:
            if any(mark in text for mark in shape.marks):
                found += _matches(shape, text)
    for shape in _added:
        found += _matches(shape, text)
    found += (Secret(*each) for each in assigned_secrets(text))
    return _apart(found)


def without_secrets(text: str) -> str:
    """Returns `text` with a mark in place of each secret, and counts them."""
    found = secrets_in(text)
    if not found:
        return text
    for secret in found:
        REDACTED.labels(secret.kind).inc()
    return cut_out(text, found)


def cut_out(text: str, secrets: Iterable[Secret]) -> str:
    """Returns `text` with a mark in place of each of `secrets`."""
    parts, end = [], 0
    for secret in secrets:
        parts += [text[end : secret.start], mark(secret.kind)]
        end = secret.end
    return "".join([*parts, text[end:]])


def mark(kind: str) -> str:
    """Returns what stands in a secret's place."""
    return f"[redacted:{kind}]"


def _matches(shape: Shape, text: str) -> list[Secret]:
    group: str | int = "s" if "s" in shape.pattern.groupindex else 0
    return [Secret(*match.span(group), shape.kind) for match in shape.pattern.finditer(text)]


def _apart(found: list[Secret]) -> list[Secret]:
    """Joins what overlaps; the kind of the longest stays, the one found first of equals."""
    apart: list[Secret] = []
    for secret in sorted(found, key=lambda each: each.start):
        if apart and secret.start < apart[-1].end:
            last = apart[-1]
            longest = max(last, secret, key=lambda each: each.end - each.start)
            apart[-1] = Secret(last.start, max(last.end, secret.end), longest.kind)
        else:
            apart.append(secret)
    return apart
