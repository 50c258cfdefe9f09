"""Cuts secrets out of a text that is published piece by piece, also one that is cut over several pieces.

Guarantee: the pieces that come out, joined, hold no more of a secret than the whole text would, redacted at
once. For that the last word is held back, and more where a secret may have begun. Called for live texts.
"""

import re
from typing import Final

from agentbus.observability.instruments import REDACTED
from agentbus.observability.secrets.text import cut_out, secrets_in

_HELD_CHARACTERS: Final = 32_768
"""Longer than any secret: one that begins in what goes out ends in what has been seen."""

_LAST_WORD: Final = re.compile(r"\s(?=\S*+\Z)")
_NAMES: Final = r"(?i:pass|pwd|secret|key|token|cred|auth|sig|session|cookie|bearer|basic)"
_LINE_CHARACTERS: Final = 2048
_NAME_CHARACTERS: Final = 64
_LEAD: Final = re.compile(
    # The name of a secret is the last word or nearly; or it has got its sign, and its line goes on.
    rf"{_NAMES}\S{{0,32}}(?:\s{{0,3}}\S{{0,32}}\s{{0,3}}"
    rf"|\s{{0,3}}(?:=>|[:=]|is|was)\S{{0,8}}\s{{0,4}}[^\n]{{0,{_LINE_CHARACTERS}}})\Z"
)
_EDGE_CHARACTERS: Final = 96
_KEY_EDGE: Final = re.compile(r"-----(?P<edge>BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BEGINS: Final = re.compile(r"-----B[A-Z0-9 -]{0,70}\Z")


class GrowingText:
    """One text as it grows: `add` what comes, publish what `ready` gives, at the end what `rest` gives."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, text: str) -> None:
        """Takes the next piece."""
        self._held += text

    def ready(self) -> str:
        """Returns what may be published by now, without secrets."""
        return self._take(self._safe())

    def rest(self) -> str:
        """Returns all that is left: nothing comes after it."""
        return self._take(len(self._held))

    def _safe(self) -> int:
        text = self._held
        found = _LAST_WORD.search(text, max(0, len(text) - _HELD_CHARACTERS))
        safe = found.end() if found else 0
        if lead := _LEAD.search(text, max(0, len(text) - _LINE_CHARACTERS)):
            safe = min(safe, _word_start(text, lead.start()))
        for begun in (_open_key(text), _KEY_BEGINS.search(text, max(0, len(text) - _EDGE_CHARACTERS))):
            safe = min(safe, begun.start()) if begun else safe
        return max(safe, len(text) - _HELD_CHARACTERS)

    def _take(self, end: int) -> str:
        if end == 0:
            return ""
        text, secrets = self._held, secrets_in(self._held)
        for secret in secrets:
            if secret.start < end <= secret.end and end < len(text):
                end = secret.start
        out = [secret for secret in secrets if secret.end <= end]
        for secret in out:
            REDACTED.labels(secret.kind).inc()
        self._held = text[end:]
        return cut_out(text[:end], out)


def _word_start(text: str, inside: int) -> int:
    """Returns where the word begins that goes on at `inside`, at most so far before as names are long."""
    nearest = max(0, inside - _NAME_CHARACTERS)
    spaces = [text.rfind(space, nearest, inside) for space in " \n\t\r"]
    return max(*spaces, nearest - 1) + 1


def _open_key(text: str) -> re.Match[str] | None:
    """Returns where a private key begins of which the end has not come."""
    begun = None
    for edge in _KEY_EDGE.finditer(text):
        begun = edge if edge["edge"] == "BEGIN" else None
    return begun
