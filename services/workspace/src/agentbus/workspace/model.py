"""Documents and their fields, as plain JSON: what may be kept, what is the same, what has changed. Pure.

Called by everything that writes documents: the store, replication, imports, plans and undo.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pydantic import ValidationError

from agentbus.contracts.workspace import (
    DOCUMENT_MAX_BYTES,
    DOCUMENTS,
    SECRET_FIELDS,
    SERVER_FIELDS,
    ChangeOrigin,
    CollectionName,
)
from agentbus.workspace.errors import BadDocument, SecretInDocument

Json = dict[str, Any]

UNCOMPARED: Final = SERVER_FIELDS | {"createdAt"}
"""Fields that no client changes: they do not count when two states are compared."""

_SEARCHED: Final = ("title", "name", "description", "repository", "branch", "githubRepository")
_NEW_TASK: Final[Json] = {"messages": [], "status": "IN_PROGRESS", "isArchived": False, "hasChanges": False}
_MISSING: Final = object()


@dataclass(frozen=True)
class Stored:
    """A document as it stands in the database; `text` is its JSON."""

    collection: CollectionName
    id: str
    seq: int
    text: str
    changed_by: str

    @cached_property
    def document(self) -> Json:
        """The document, parsed."""
        parsed: Json = json.loads(self.text)
        return parsed

    @property
    def deleted(self) -> bool:
        """Whether it is only what is left of a deleted one."""
        return bool(self.document["_deleted"])


@dataclass(frozen=True)
class Author:
    """Who changes something, by which way and from where; `address` None is from inside."""

    user_id: str
    origin: ChangeOrigin
    address: str | None = None


@dataclass(frozen=True)
class Draft:
    """A document as it is to be, and as it was; None when there was none."""

    collection: CollectionName
    document: Json
    before: Stored | None


@dataclass(frozen=True)
class Facets:
    """What lists are filtered by."""

    status: str | None
    archived: bool
    search: str


def checked(collection: CollectionName, document: Mapping[str, Any]) -> Json:
    """Returns a document that may be kept; fields that nobody here knows stay as they are.

    Raises SecretInDocument, BadDocument.
    """
    if secret := SECRET_FIELDS & document.keys():
        raise SecretInDocument(f"{', '.join(secret)} is a secret: set it by its own route, in no document")
    try:
        DOCUMENTS[collection].model_validate(document)
        text = dumped(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadDocument(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"this is no JSON that can be kept: {error}") from None
    if len(text.encode()) > DOCUMENT_MAX_BYTES:
        raise BadDocument(f"a document may have up to {DOCUMENT_MAX_BYTES} bytes as JSON")
    return dict(document)


def dumped(document: Mapping[str, Any]) -> str:
    """Returns the document as JSON. Raises ValueError for NaN and lone surrogates (decision 0024)."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text.encode()
    return text


def settled(collection: CollectionName, document: Mapping[str, Any], before: Stored | None) -> Json:
    """Returns the client's document with the server's fields as the server has them."""
    kept = {name: value for name, value in document.items() if name not in SERVER_FIELDS}
    if before is not None and "createdAt" in before.document:
        kept["createdAt"] = before.document["createdAt"]
    if collection == "environments":
        kept["secretNames"] = [] if before is None else before.document.get("secretNames", [])
    return {**kept, "_deleted": bool(document.get("_deleted", False))}


def begun(collection: CollectionName, document: Mapping[str, Any]) -> Json:
    """Returns a new document with what every new one has."""
    return {**(_NEW_TASK if collection == "tasks" else {}), **document}


def facets(document: Mapping[str, Any]) -> Facets:
    """Returns what lists find the document by."""
    words = (document.get(name) for name in _SEARCHED)
    search = "\n".join(word for word in words if isinstance(word, str)).lower().replace("\x00", "")
    return Facets(document.get("status"), bool(document.get("isArchived", False)), search)


def differing(left: Mapping[str, Any], right: Mapping[str, Any]) -> set[str]:
    """Returns the fields that are not the same; server's fields do not count, no `_deleted` means false."""
    return {
        name
        for name in (left.keys() | right.keys()) - UNCOMPARED
        if not same(_field(left, name), _field(right, name))
    }


def _field(document: Mapping[str, Any], name: str) -> Any:
    return document.get(name, False if name == "_deleted" else _MISSING)


def same(left: Any, right: Any) -> bool:
    """Tells whether two JSON values are the same to a client in JavaScript: all numbers are doubles there."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _double(left) == _double(right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def merged(document: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """Returns the document with a JSON merge patch (RFC 7396) applied: null removes, objects merge."""
    result = dict(document)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            below = result.get(name)
            result[name] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[name] = value
    return result
