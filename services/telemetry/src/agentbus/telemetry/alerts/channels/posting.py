"""One POST to an address that an operator has set, within bounds. For `webhook` and `slack`.

Addresses are secrets (many hold a key): no error and no log names more than the host. Redirects are refused.
"""

from collections.abc import Mapping
from typing import Final

import httpx

from agentbus.kernel.errors import Transient

_CONNECT_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 10.0
_LIMITS: Final = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Returns when the receiver has answered 2xx; raises Transient for anything else."""
    sent = {"Content-Type": "application/json", "User-Agent": "agentbus", **headers}
    try:
        async with (
            httpx.AsyncClient(timeout=_LIMITS, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=body, headers=sent) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        host = httpx.URL(url).host
        raise Transient(f"{host} could not be reached: {type(error).__name__}", code="channel_away") from None
    if not 200 <= status < 300:
        raise Transient(f"{httpx.URL(url).host} answered {status}", code="channel_refused")
