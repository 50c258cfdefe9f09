"""API keys: `ab_<id>_<secret>`. The secret has 256 random bits, so its SHA-256 is enough to keep (ADR 0017).

Made by the plan service, checked by whoever lets someone in. Pure.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

from agentbus.chassis.access.identity import Principal, Role, unauthenticated
from agentbus.contracts.access import ApiKey
from agentbus.contracts.timestamps import parse_timestamp

PREFIX: Final = "ab_"
_FORM: Final = re.compile(r"ab_([a-z0-9]{8,64})_([A-Za-z0-9_-]{43})", re.ASCII)
_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32


class NewKey(NamedTuple):
    """A key as its owner gets it, once, and what is kept of it."""

    text: str
    key_id: str
    secret_sha256: str


def make() -> NewKey:
    """Returns a new key."""
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    return NewKey(f"{PREFIX}{key_id}_{secret}", key_id, _digest(secret))


def identify(text: str, keys: dict[str, ApiKey]) -> Principal:
    """Returns whose key `text` is among `keys`, also when it has expired; raises Rejected (401)."""
    form = _FORM.fullmatch(text)
    kept = keys.get(form[1]) if form else None
    if form is None or kept is None or not hmac.compare_digest(_digest(form[2]), kept.secret_sha256):
        raise unauthenticated("the API key is not valid")
    return Principal(
        kept.user_id,
        kept.workspace_id,
        Role(kept.role),
        expires_at=parse_timestamp(kept.expires_at).timestamp(),
        scopes=frozenset(kept.scopes),
        token_id=kept.key_id,
        issued_at=parse_timestamp(kept.changed_at).timestamp(),
        credential="key",
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
