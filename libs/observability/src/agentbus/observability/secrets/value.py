"""Cuts secrets out of JSON values: in every text, the names of fields included, and by the names of fields.

Called by whoever writes commands to the bus (plans, gateway); the runner cleans its values with `bounds`.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from agentbus.kernel.errors import Invalid
from agentbus.observability.instruments import REDACTED
from agentbus.observability.secrets.assignments import is_secret_under, secret_name
from agentbus.observability.secrets.shapes import Shape
from agentbus.observability.secrets.text import added_patterns, mark, secrets_in, without_secrets

_NAMES_LONGEST: Final = 64
_DEPTH_LIMIT: Final = 256
"""Deeper than what orjson writes."""

M = TypeVar("M", bound=BaseModel)


def without_secrets_in(value: Any, depth: int = 0) -> Any:
    """Returns the JSON `value` without its secrets; raises Invalid when it is nested too deep to be sent."""
    if depth > _DEPTH_LIMIT:
        raise Invalid(f"nested deeper than {_DEPTH_LIMIT} levels", code="too_deep")
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        fields: dict[str, Any] = {}
        for name, item in value.items():
            fields[field_name(str(name), fields)] = _under(str(name), item, depth + 1)
        return fields
    if isinstance(value, list | tuple):
        return [without_secrets_in(item, depth + 1) for item in value]
    return value


def field_name(name: str, taken: Mapping[str, Any]) -> str:
    """Returns `name` without secrets, and unlike those `taken`: two secrets must not become one field."""
    if len(name) <= _NAMES_LONGEST and _harmless(name, added_patterns()):
        return name
    told = without_secrets(name)
    return f"{told} {len(taken)}" if told != name and told in taken else told


@lru_cache(maxsize=4096)
def _harmless(name: str, _patterns: tuple[Shape, ...]) -> bool:
    """Returns whether `name` holds no secret: the same few names come again and again."""
    return not secrets_in(name)


def hidden_by_name(name: str, value: str) -> str | None:
    """Returns the mark for `value` when the name of its field makes it a secret, else None."""
    kind = secret_name(name) if len(name) <= _NAMES_LONGEST else None
    if kind is None or not is_secret_under(kind, value):
        return None
    REDACTED.labels(kind).inc()
    return mark(kind)


def redacted_model(model: M, *, keep: Collection[str]) -> M:
    """Returns `model` without secrets; the fields that `keep` names are ids and stay as they are."""
    said = {name: value for name, value in model if name not in keep}
    return model.model_copy(update=without_secrets_in(said))


def _under(name: str, value: Any, depth: int) -> Any:
    hidden = hidden_by_name(name, value) if isinstance(value, str) else None
    return without_secrets_in(value, depth) if hidden is None else hidden
