"""An OIDC issuer's public keys (RFC 7517), kept and rotated (ADR 0017). Called by `Access`.

Guarantee: fetched without blocking the event loop, never more often than `oidc_refetch_seconds`; a key that
left the set lets nobody in from the next fetch on; without any answer the last set holds `oidc_hold_seconds`.
"""

import asyncio
import json
import time
from typing import Any, Final

import httpx
import jwt

from agentbus.chassis.instruments import KEY_FETCHES
from agentbus.chassis.settings import ServiceSettings, is_confidential
from agentbus.observability.log import get_logger

ALGORITHMS: Final = {"RSA": "RS256", "EC": "ES256"}
"""The one algorithm of each kind of key: the key decides, not the token (RFC 8725 section 3.1)."""

_RSA_LEAST_BITS: Final = 2048
_DOCUMENT_MAX_BYTES: Final = 512 * 1024
_FETCH_SECONDS: Final = 5.0
_DISCOVERY: Final = "/.well-known/openid-configuration"

_log = get_logger(__name__)


class KeySet:
    """The keys by their id (`kid`). Call `close` at the end."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    @property
    def known(self) -> bool:
        """Whether the set was fetched, not so long ago that it is no longer believed."""
        return self._age() <= self._settings.oidc_hold_seconds

    def get(self, key_id: str) -> jwt.PyJWK | None:
        """Returns the key, None when the set as last fetched has none, or is not known."""
        return self._keys.get(key_id) if self.known else None

    async def learn(self, key_id: str) -> None:
        """Fetches the keys when `key_id` is not among them, or in the background when they are old.

        Waits for a fetch that is under way; does nothing right after one. Never raises.
        """
        unknown = self.get(key_id) is None
        if unknown or self._age() > self._settings.oidc_refresh_seconds:
            fetching = self._fetch_soon()
            if unknown and fetching is not None:
                await asyncio.shield(fetching)

    async def close(self) -> None:
        """Ends a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else time.monotonic() - self._fetched_at

    def _fetch_soon(self) -> asyncio.Task[None] | None:
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        now = time.monotonic()
        if self._tried_at is not None and now - self._tried_at < self._settings.oidc_refetch_seconds:
            return None
        self._tried_at = now
        self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_FETCH_SECONDS), httpx.AsyncClient() as client:
                url = self._settings.oidc_jwks_url or await self._discovered(client)
                document = await _document(client, url)
            self._keys = _usable(document)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            KEY_FETCHES.labels("failed").inc()
            _log.warning("the issuer's keys could not be fetched", error=repr(error))
        else:
            self._fetched_at = time.monotonic()
            KEY_FETCHES.labels("fetched").inc()
            _log.info("the issuer's keys were fetched", keys=sorted(self._keys))

    async def _discovered(self, client: httpx.AsyncClient) -> str:
        """Returns the keys' address (OpenID Connect Discovery 1.0 section 4); raises ValueError."""
        issuer = self._settings.oidc_issuer or ""
        document = await _document(client, issuer.rstrip("/") + _DISCOVERY)
        url = document.get("jwks_uri")
        if document.get("issuer") != issuer or not (isinstance(url, str) and is_confidential(url)):
            raise ValueError("the discovery document is not the issuer's, or names no https address of keys")
        return url


async def _document(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    body = b""
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        response.raise_for_status()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > _DOCUMENT_MAX_BYTES:
                raise ValueError("the document is too large")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  what came is wrong, not how it was asked for
    return document


def _usable(document: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    """Returns the keys that may sign tokens; others (secrets, encryption, short ones) are left out."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("not a set of keys")  # noqa: TRY004  what came is wrong, not how it was asked for
    keys = ((each["kid"], _key(each)) for each in listed if isinstance(each, dict) and "kid" in each)
    return {key_id: key for key_id, key in keys if isinstance(key_id, str) and key is not None}


def _key(described: dict[str, Any]) -> jwt.PyJWK | None:
    algorithm = ALGORITHMS.get(str(described.get("kty")))
    if (
        algorithm is None
        or described.get("alg", algorithm) != algorithm
        or described.get("use", "sig") != "sig"
    ):
        return None
    if algorithm == "ES256" and described.get("crv") != "P-256":
        return None
    try:
        key = jwt.PyJWK(described, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return key if algorithm == "ES256" or key.key.key_size >= _RSA_LEAST_BITS else None
