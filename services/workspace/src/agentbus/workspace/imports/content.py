"""What an item of an import holds, made comparable: the same on the client, in transit and in the database.

Called by `items` (what came) and by the store (what was re-read). The algorithm is decision 0027's, so that a
client computes the same from its localStorage; tests/support/zustand/content.mjs is that client's half.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import rfc8785

from agentbus.contracts.workspace import SECRET_FIELDS, SERVER_FIELDS
from agentbus.kernel.errors import Invalid

OUTSIDE: Final = SERVER_FIELDS | SECRET_FIELDS | {"_deleted"}
"""Fields that do not count as content: the server's own, the protocol's, and secrets."""

DEPTH_LIMIT: Final = 100
_SAFE: Final = 2**53 - 1
_REPLACEMENT: Final = "\ufffd"
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def content_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the document's content: all fields, also unknown ones, but those in `OUTSIDE`."""
    return {name: value for name, value in document.items() if name not in OUTSIDE}


def content_hash(content: Mapping[str, Any]) -> str:
    """Returns the SHA-256, in hex, of `content` as canonical JSON (RFC 8785).

    Raises Invalid (`not_canonical`) for what JavaScript could not have written.
    """
    try:
        return hashlib.sha256(_canonical(content)).hexdigest()
    except rfc8785.CanonicalizationError as error:
        raise Invalid(f"no canonical JSON: {error}", code="not_canonical") from None


def hash_of_all(contents: Iterable[tuple[str, str]]) -> tuple[int, str]:
    """Returns how many contents these are and their common hash; each is (collection, content hash).

    The order does not count, nor does what occurs twice: two tabs and a server that re-reads rows agree.
    """
    lines = sorted({f"{collection}:{each}" for collection, each in contents})
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


def storable(value: Any, depth: int = 0) -> Any:
    """Returns `value` as any database and any JavaScript holds it.

    Lone surrogates become U+FFFD; integers past 2^53 become the doubles that JavaScript reads.
    Raises Invalid: `too_deep` past 100 levels, `names_collide` when two names of an object become one.
    """
    if depth > DEPTH_LIMIT:
        raise Invalid(f"nested deeper than {DEPTH_LIMIT} levels", code="too_deep")
    if isinstance(value, str):
        return _well_formed(value)
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        fields = {_well_formed(name): storable(item, depth + 1) for name, item in value.items()}
        if len(fields) < len(value):
            raise Invalid("two names of an object cannot be told apart", code="names_collide")
        return fields
    return _double(value) if isinstance(value, int) and abs(value) > _SAFE else value


def _double(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        raise Invalid("a number that no double holds", code="not_canonical") from None


def _canonical(content: Mapping[str, Any]) -> bytes:
    """Returns canonical JSON; six times faster where orjson's is the same: no floats, no names past ASCII."""
    plain = dict(content)
    if _plain(plain):
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    return rfc8785.dumps(plain)


def _plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(name.isascii() and _plain(item) for name, item in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    return not isinstance(value, float)


def _well_formed(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub(_REPLACEMENT, text)
    return text
