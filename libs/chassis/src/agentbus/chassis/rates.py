"""How often who may ask: one quota per principal, per address, and per address that fails to authenticate.

Kept in this process's memory (ADR 0019): with n instances behind the edge, up to n times the quota. Called by
`limits` for addresses and failures, by `auth.principal` once it is known who asks.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final, Literal

from starlette.requests import HTTPConnection
from throttled import RateLimiterType, Throttled, rate_limiter, store

from agentbus.chassis.instruments import HTTP_REFUSED
from agentbus.chassis.limit_settings import LimitSettings, Quota
from agentbus.kernel.errors import Transient

Kind = Literal["principal", "address", "failures"]
_PREFIX_V6: Final = 64
"""What one customer gets of IPv6 addresses; counting single ones would bound nobody."""

_KEY_MAX_CHARACTERS: Final = 300


class TooMany(Transient):
    """Too many requests: wait `retry_after_seconds`."""

    code = "rate_limited"
    status = 429


class Rates:
    """The quotas of one service: generic cell rate algorithm, at most `http_rate_keys` keys each."""

    def __init__(self, settings: LimitSettings) -> None:
        quotas: dict[Kind, Quota | None] = {
            "principal": settings.http_rate_principal,
            "address": settings.http_rate_address,
            "failures": settings.http_rate_failures,
        }
        self._quotas = {kind: quota for kind, quota in quotas.items() if quota is not None}
        self._throttles = {
            kind: _throttle(quota, settings.http_rate_keys) for kind, quota in self._quotas.items()
        }

    def spend(self, scope: Mapping[str, Any], kind: Kind, key: str) -> None:
        """Counts the request of `scope`, once; raises TooMany (429) when the quota of `key` is used up."""
        spent = scope["state"].setdefault("rates", {})
        if kind not in self._throttles or kind in spent:
            return
        result = self._throttles[kind].limit(key[:_KEY_MAX_CHARACTERS])
        spent[kind] = (result.state.remaining, math.ceil(result.state.reset_after))
        if result.limited:
            raise _too_many(kind, result.state.retry_after)

    def fail(self, address: str) -> None:
        """Counts a failed authentication."""
        if "failures" in self._throttles:
            self._throttles["failures"].limit(address)

    def check_failures(self, address: str) -> None:
        """Raises TooMany (429) while `address` has failed to authenticate too often."""
        if "failures" in self._throttles:
            state = self._throttles["failures"].peek(address)
            if state.remaining < 1:
                raise _too_many("failures", state.reset_after / self._quotas["failures"].requests)

    def headers(self, scope: Mapping[str, Any]) -> dict[str, str]:
        """Returns a request's `RateLimit`, `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
        spent = scope["state"].get("rates", {})
        if not spent:
            return {}
        policies = ((kind, *self._quotas[kind]) for kind in spent)
        return {
            "RateLimit-Policy": ", ".join(
                f'"{kind}";q={most};w={seconds}' for kind, most, seconds in policies
            ),
            "RateLimit": ", ".join(f'"{kind}";r={left};t={reset}' for kind, (left, reset) in spent.items()),
        }


def admit(connection: HTTPConnection, workspace_id: str, user_id: str) -> None:
    """Counts a request of this user; raises TooMany (429). Sockets are the gateway's to count."""
    if connection.scope["type"] == "http":
        rates: Rates = connection.app.state.rates
        connection.scope.setdefault("state", {})
        rates.spend(connection.scope, "principal", f"{workspace_id}\n{user_id}")


def address_of(scope: Mapping[str, Any]) -> str:
    """Returns what stands for the client's address: IPv4 whole, of IPv6 the network that one client has."""
    host = scope["client"][0] if scope.get("client") else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)[:_KEY_MAX_CHARACTERS]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _PREFIX_V6), strict=False))


def _throttle(quota: Quota, keys: int) -> Throttled:
    return Throttled(
        using=RateLimiterType.GCRA.value,
        quota=rate_limiter.per_duration(timedelta(seconds=quota.seconds), quota.requests, quota.requests),
        store=store.MemoryStore(options={"MAX_SIZE": keys}),
    )


def _too_many(kind: Kind, after_seconds: float) -> TooMany:
    HTTP_REFUSED.labels(f"rate_{kind}").inc()
    seconds = max(1, math.ceil(after_seconds))
    told = "failed authentications" if kind == "failures" else "requests"
    return TooMany(f"Too many {told}; try again in {seconds} s.", retry_after_seconds=seconds)
