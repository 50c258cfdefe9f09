"""Credentials of well-known shapes never reach the bus, whoever says, gives or gets them (design.md 7).

By shape alone, so that ordinary text, names of variables and hashes stay as they are. Called by `bounds` for
every text of a message, and for live text. A text without one costs a few searches for fixed words.
"""

import re
from typing import Final

from agentbus.observability.redaction import REDACTED

_KEY: Final = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_WHOLE: Final = r"(?:[^-]|-(?!----)){64,20000}?"
_CUT_OFF: Final = r"(?:\s|\\[nr])*(?:[A-Za-z0-9+/=]{40,}(?:\s|\\[nr])*)+[A-Za-z0-9+/=]*"

_SHAPES: Final[tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...]] = tuple(
    (marks, re.compile(pattern), replacement)
    for marks, pattern, replacement in (
        # A private key: whole, or cut off after at least one line of it.
        (
            ("PRIVATE KEY",),
            rf"-----BEGIN {_KEY}(?:{_WHOLE}-----END {_KEY}|{_CUT_OFF})",
            REDACTED,
        ),
        # JSON Web Tokens, signed or encrypted.
        (("eyJ",), r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]{8,}){1,3}", REDACTED),
        # HTTP's Authorization: a token of that length has a digit, a word of prose seldom.
        (("earer ",), r"\b([Bb]earer )(?=[\w.~+/-]*\d)[\w.~+/-]{20,}=*", rf"\1{REDACTED}"),
        (("asic ",), r"\b(Authorization\W{1,4}[Bb]asic )[\w+/-]{8,}=*", rf"\1{REDACTED}"),
        # user:password@host, not a template of one.
        (("://",), r"://[^\s/:@\"'<>{}$*]*:[^\s/@\"'<>{}$*]+(?=@)", f"://{REDACTED}"),
        # Cloud keys and tokens of services, by the prefixes that their makers publish.
        (("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b", REDACTED),
        (
            ("ecret", "ECRET"),
            r"(?i)(aws_?secret_?(?:access_?)?key[\"']?\s*[:=]\s*[\"']?)[A-Za-z0-9/+]{40}\b",
            rf"\1{REDACTED}",
        ),
        (("AccountKey=",), r"(AccountKey=)[A-Za-z0-9+/]{86}==", rf"\1{REDACTED}"),
        (("AIza",), r"\bAIza[\w-]{35}", REDACTED),
        (
            ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,})",
            REDACTED,
        ),
        (("xox",), r"\bxox[abeoprs]-(?=[\w-]*\d)[\w-]{10,}", REDACTED),
        (("sk-",), r"\bsk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,}", REDACTED),
        (("k_live_", "k_test_"), r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}", REDACTED),
        (("hf_", "npm_", "pypi-"), r"\b(?:hf_[A-Za-z]{34}|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,})", REDACTED),
    )
)
_ANY_MARK: Final = re.compile("|".join(re.escape(mark) for marks, _, _ in _SHAPES for mark in marks))
_SHORT_CHARACTERS: Final = 500
"""Up to here one search for all marks is faster than one for each."""


def without_credentials(text: str) -> str:
    """Returns `text` with `[redacted]` in place of each credential in it."""
    if len(text) <= _SHORT_CHARACTERS and _ANY_MARK.search(text) is None:
        return text
    for marks, pattern, replacement in _SHAPES:
        for mark in marks:
            if mark in text:
                text = pattern.sub(replacement, text)
                break
    return text
