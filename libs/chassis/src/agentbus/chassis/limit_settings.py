"""How much one client may ask of an HTTP service, and how slowly (`AGENTBUS_…`): in every service's settings.

The same bounds hold at the edge (infra/edge/Caddyfile) and in the service when it is reached directly.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated, Final, NamedTuple

from pydantic import BeforeValidator, Field, IPvAnyNetwork
from pydantic_settings import NoDecode

from agentbus.kernel.environment import EnvironmentSettings

_QUOTA: Final = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,5})s")
_LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class Quota(NamedTuple):
    """So many requests in so many seconds; all of them may come at once."""

    requests: int
    seconds: int


def _quota(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "off":
        return None
    found = _QUOTA.fullmatch(value.strip())
    if found is None:
        raise ValueError("a quota is `3000/10s` (requests, seconds) or `off`")
    return Quota(int(found[1]), int(found[2]))


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Limit = Annotated[Quota | None, NoDecode, BeforeValidator(_quota)]
Networks = Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)]


class LimitSettings(EnvironmentSettings):
    """Bounds of HTTP. Health and metrics are never counted; a bound that is `off` does not hold."""

    http_rate_principal: Limit = Field(
        default=Quota(3_000, 10), description="Requests of one user in one workspace, `off`: any number."
    )
    http_rate_address: Limit = Field(default=Quota(6_000, 10), description="Requests from one address.")
    http_rate_failures: Limit = Field(
        default=Quota(60, 60), description="Failed authentications from one address; then it has to wait."
    )
    http_rate_keys: int = Field(
        default=20_000, ge=1, description="How many users and addresses are remembered; the oldest go first."
    )
    trusted_proxies: Networks = Field(
        default=_LOOPBACK, description="Whose X-Forwarded-For and -Proto are believed: the edge's addresses."
    )
    http_headers_limit: int = Field(default=100, ge=1)
    http_headers_limit_bytes: int = Field(default=16 * 1024, ge=1024, description="With the request line.")
    http_target_limit_bytes: int = Field(default=8 * 1024, ge=256, description="Path and query.")
    http_connections_limit: int = Field(default=800, ge=1, description="Open at once, in one process.")
    http_connections_per_address: int = Field(
        default=100, ge=1, description="Open at once from one address that is no trusted proxy."
    )
    http_head_seconds: float = Field(
        default=10.0, gt=0, description="From a request's first byte to its body."
    )
    http_body_seconds: float = Field(default=30.0, gt=0, description="For the whole body.")
    http_idle_seconds: float = Field(default=5.0, gt=0, description="Between requests on one connection.")
    http_stall_seconds: float = Field(
        default=30.0, gt=0, description="A client that reads less than 32 KiB in so long is dropped."
    )

    def trusts(self, host: str) -> bool:
        """Returns whether `host` (an address) is a proxy's whose word on its clients holds."""
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self.trusted_proxies)
