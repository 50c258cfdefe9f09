"""Webhooks, signed: each change as on the topic `telemetry.alerts`, POSTed to one address.

Source of the headers and the signature: Standard Webhooks 1.0.0 (`webhook-id`, `webhook-timestamp`,
`webhook-signature: v1,` and the base64 of an HMAC-SHA256 over `id.timestamp.body`), for which receivers have
libraries. The id is the same when a change is told again.
"""

import base64
import binascii
import hashlib
import hmac

from pydantic import SecretStr

from agentbus.contracts.alerts import AlertChange
from agentbus.kernel.clock import Clock
from agentbus.telemetry.alerts.channels.posting import post

_PREFIX = "whsec_"


class Webhook:
    """Built in `app.py` when an address is set."""

    name = "webhook"

    def __init__(self, url: SecretStr, secret: SecretStr, clock: Clock) -> None:
        self._url = url
        self._key = key_of(secret.get_secret_value())
        self._clock = clock

    async def send(self, change: AlertChange, body: bytes) -> None:
        """Returns when the receiver has answered 2xx; raises Transient."""
        number, moment = f"alert-change-{change.number}", str(int(self._clock.now().timestamp()))
        headers = {
            "webhook-id": number,
            "webhook-timestamp": moment,
            "webhook-signature": signature(self._key, number, moment, body),
        }
        await post(self._url.get_secret_value(), body, headers)


def signature(key: bytes, number: str, moment: str, body: bytes) -> str:
    """Returns the value of `webhook-signature`."""
    digest = hmac.new(key, b"%b.%b.%b" % (number.encode(), moment.encode(), body), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def key_of(secret: str) -> bytes:
    """Returns the key in a secret: base64 after `whsec_`, else its characters; raises ValueError."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("after whsec_ comes base64") from None
