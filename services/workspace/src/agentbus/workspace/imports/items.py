"""Judges what stood in localStorage: each item is sound or faulty, and says why. Pure; called by handlers.

Guarantee: no token that stood in an environment, and no secret that stood in a text, is in what this returns.
Unknown fields are kept, missing optional ones tolerated, the five statuses stay five.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import ValidationError

from agentbus.contracts.http.imports import Note
from agentbus.contracts.workspace import DOCUMENT_MAX_BYTES, DOCUMENTS, SECRET_FIELDS
from agentbus.kernel.errors import Invalid
from agentbus.observability.secrets.value import without_secrets_in
from agentbus.workspace.imports.content import content_hash, content_of, storable
from agentbus.workspace.imports.dump import Found, Source, read
from agentbus.workspace.model import Json

TOKEN_MARK: Final = "[removed]"  # noqa: S105  it stands where a token stood
"""What clients put in a token's place before they send a value."""


@dataclass(frozen=True)
class Item:
    """A sound task or environment. `came` is the hash of what the client holds; `document` is to be kept."""

    found: Found
    id: str
    document: Json
    came: str
    updated_at: Any = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Fault:
    """Something that cannot be imported as it stands."""

    found: Found
    id: str | None
    code: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """All that was in the values, in their order."""

    sources: tuple[Source, ...]
    items: tuple[Item, ...]
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether everything could be read, so that nothing would be left behind."""
        return not self.faults and all(each.code in (None, "unknown_key") for each in self.sources)


def read_all(values: Mapping[str, str | None]) -> Reading:
    """Returns what stands in the values of localStorage, by key."""
    sources = read(values)
    judged = [judge(found) for source in sources for found in source.found]
    return Reading(
        tuple(sources),
        tuple(each for each in judged if isinstance(each, Item)),
        tuple(each for each in judged if isinstance(each, Fault)),
    )


def judge(found: Found) -> Item | Fault:
    """Returns the item, or what is wrong with it."""
    if not isinstance(found.value, dict):
        return Fault(found, None, "not_an_object", "is no object")
    try:
        return _item(found, found.value)
    except ValidationError as error:
        return Fault(found, _id(found.value), "invalid_field", _first(error))
    except Invalid as error:
        return Fault(found, _id(found.value), error.code, error.message)


def _item(found: Found, value: Json) -> Item:
    came = storable(content_of(value))
    DOCUMENTS[found.collection].model_validate(came)
    kept = without_secrets_in(came) | {"id": came["id"]}
    if len(orjson.dumps(kept)) > DOCUMENT_MAX_BYTES:
        raise Invalid(f"is longer than {DOCUMENT_MAX_BYTES} bytes", code="too_large")
    notes = (*_token_notes(value), *_change_notes(content_of(value), came, kept))
    return Item(found, came["id"], kept, content_hash(came), value.get("updatedAt"), notes)


def _token_notes(value: Mapping[str, Any]) -> Iterator[Note]:
    held = [value[name] for name in sorted(SECRET_FIELDS) if value.get(name)]
    if held:
        yield "token_left_out"
    if any(each != TOKEN_MARK for each in held):
        yield "token_came_in_clear"


def _change_notes(original: object, came: object, kept: object) -> Iterator[Note]:
    if came != original:
        yield "characters_replaced"
    if kept != came:
        yield "secret_cut_out"


def _id(value: Mapping[str, Any]) -> str | None:
    name = value.get("id")
    return storable(name)[:128] if isinstance(name, str) else None


def _first(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"`{'.'.join(str(part) for part in problem['loc'])}`: {problem['msg']}"
