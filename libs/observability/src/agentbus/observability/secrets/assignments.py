"""Secrets that only their context gives away: `password=…`, `"api_key": "…"`, "the token is …". For `text`.

How suspicious a value must look depends on its name: a password may be any word, a token has letters and
digits, and what is merely called a key must look random.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple


class Assignment(NamedTuple):
    """Where a value stands that its name makes a secret, and of which kind."""

    start: int
    end: int
    kind: str


_PASSWORDS: Final = r"pass(?:word|wd|phrase|code)|pwd"
_TOKENS: Final = (
    r"secret(?:[_-]?(?:access[_-]?)?key)?|(?:api|access|private|account|signing|encryption)[_-]?key"
    r"|token|credentials?"
)
_RANDOMS: Final = r"key|auth|signature|sig|session"
_SEPARATOR: Final = r"(?P<name_quote>\\{0,8}[\"'])?\]?\s{0,3}(?:=>|:=|[:=]|\s(?:is|was):?\s)\s{0,3}"
_QUOTED: Final = r"(?P<quote>\\{0,8}[\"'`])(?P<quoted>[^\"'`\\\n]{1,512})(?P=quote)"
_BARE: Final = r"(?P<bare>[^\s\"'`,;&|<>()\[\]{}\\$]{4,512})"
_WORD: Final = re.compile(
    rf"(?:(?P<password>{_PASSWORDS})|(?P<token>{_TOKENS})|(?P<random>{_RANDOMS}))s?(?![a-z0-9_-])"
)
_VALUE: Final = re.compile(rf"{_SEPARATOR}(?:{_QUOTED}|{_BARE})")
_NAME: Final = re.compile(
    rf"(?i)(?:^|[^a-z])"
    rf"(?:(?P<password>{_PASSWORDS})|(?P<token>{_TOKENS}|cookie|authorization)|(?P<random>{_RANDOMS}))s?$"
)
_WORDS: Final = ("pass", "pwd", "secret", "token", "key", "cred", "auth", "sig", "session")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLACEHOLDER: Final = re.compile(
    r"(?i)\[redacted|[<${%*]|(?:x+|\.+|none|null|true|false|str|string|required|optional|bearer|basic|withheld)$"
)
_REFERENCE: Final = re.compile(r"[A-Za-z_][A-Za-z_.]*$|[\w.]*[(\[]|https?:|/|\.{1,2}/")
_HASH_OR_UUID: Final = re.compile(r"(?i)[0-9a-f-]{8,128}$")
_HAS_NAME: Final = re.compile(rf"(?i){_PASSWORDS}|{_TOKENS}")
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"\d")
_CLASSES: Final = (re.compile("[a-z]"), re.compile("[A-Z]"), _DIGIT)
_RANDOM_BITS: Final = 3.7
"""Shannon entropy a character, from which on 20 characters of three classes are no word of any language."""


def assigned_secrets(text: str) -> Iterator[Assignment]:
    """Yields the secrets that `text` gives names to, in order."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters become two
        lower = "".join(each.lower()[0] for each in text)
    if not any(word in lower for word in _WORDS):
        return
    for name in _WORD.finditer(lower):
        if (value := _VALUE.match(text, name.end())) is None:
            continue
        group = "bare" if value["quoted"] is None else "quoted"
        if _looks_secret(_kind(name), text[slice(*name.span())], value):
            yield Assignment(*value.span(group), _kind(name))


def secret_name(name: str) -> str | None:
    """Returns the kind of secret that a JSON field called `name` holds, or None."""
    match = _NAME.search(_HUMP.sub("_", name))
    return _kind(match) if match is not None else None


def is_secret_under(kind: str, value: str) -> bool:
    """Tells whether `value` is a secret, as the value of a JSON field whose name says `kind`."""
    if not value or _PLACEHOLDER.match(value):
        return False
    if kind == "password":
        return True
    return _looks_random(value) if kind == "random" else _looks_like_token(value)


def entropy_bits(text: str) -> float:
    """Returns Shannon's entropy of `text`, in bits a character (Shannon 1948)."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


def _kind(match: re.Match[str]) -> str:
    return next(kind for kind in ("password", "token", "random") if match[kind] is not None)


def _looks_secret(kind: str, name: str, value: re.Match[str]) -> bool:
    quoted, bare = value["quoted"], value["bare"]
    given: str = bare if quoted is None else quoted
    if _PLACEHOLDER.match(given):
        return False
    if quoted is None and _REFERENCE.match(bare):
        # An environment file: a name in capitals, nothing between it and a plain word.
        return kind == "password" and name.isupper() and value[0] == f"={bare}" and bare.isalnum()
    if kind == "password":
        in_json = value["name_quote"] is not None and quoted is not None
        return in_json or (" " not in given and len(given) >= 4 and not _HAS_NAME.search(given))
    return _looks_random(given) if kind == "random" else _looks_like_token(given)


def _looks_like_token(value: str) -> bool:
    if " " in value or len(value) < 8 or value.isdigit():
        return False
    return bool(_DIGIT.search(value) and _LETTER.search(value)) or _looks_random(value)


def _looks_random(value: str) -> bool:
    if not 20 <= len(value) <= 512 or " " in value or _HASH_OR_UUID.match(value):
        return False
    return all(each.search(value) for each in _CLASSES) and entropy_bits(value) >= _RANDOM_BITS
