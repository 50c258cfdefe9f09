"""Encryption of environments' secrets at rest: Fernet (AES-128-CBC and HMAC-SHA256, github.com/fernet/spec).

Guarantee: a ciphertext opens only for the workspace, environment and name that it was made for, and only
while one of the keys is listed. The first key encrypts; `rotated` moves a ciphertext to it.
"""

import json
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from agentbus.kernel.errors import Rejected

_NO_KEYS: Final = "secrets cannot be kept: the operator has to set AGENTBUS_SECRET_KEYS"


class UnreadableSecret(Rejected):
    """The secret was encrypted with a key that is not listed any more, or for another place."""

    code = "unreadable_secret"


class Vault:
    """The keys of one process."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        fernets = [Fernet(key.get_secret_value()) for key in keys]
        self._keys = MultiFernet(fernets) if fernets else None

    def closed(self, place: tuple[str, str, str], value: str) -> bytes:
        """Returns the ciphertext of `value` for (workspace, environment, name); raises Rejected, no keys."""
        return self._open_keys().encrypt(json.dumps([*place, value]).encode())

    def opened(self, place: tuple[str, str, str], ciphertext: bytes) -> str:
        """Returns the secret; raises UnreadableSecret, Rejected without keys."""
        try:
            *found, value = json.loads(self._open_keys().decrypt(ciphertext))
        except InvalidToken:
            raise UnreadableSecret("no listed key opens it") from None
        if tuple(found) != place:
            raise UnreadableSecret("it was encrypted for another place")
        return str(value)

    def rotated(self, ciphertext: bytes) -> bytes:
        """Returns the same secret, encrypted with the first key; raises UnreadableSecret, Rejected."""
        try:
            return self._open_keys().rotate(ciphertext)
        except InvalidToken:
            raise UnreadableSecret("no listed key opens it") from None

    def _open_keys(self) -> MultiFernet:
        if self._keys is None:
            raise Rejected(_NO_KEYS, code="no_secret_keys")
        return self._keys
