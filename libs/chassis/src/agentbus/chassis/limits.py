"""What a request may be, before any route or check of who asks: its head's size, its sender's rate.

Guarantee: a head past its bounds is answered with 431 or 414, a client past its rate with 429, and both cost
next to nothing. Health and metrics are not counted, so that whoever runs the service always sees it.
Called by `http.build_app`.
"""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentbus.chassis import problems
from agentbus.chassis.instruments import HTTP_REFUSED
from agentbus.chassis.limit_settings import LimitSettings
from agentbus.chassis.rates import Rates, address_of
from agentbus.kernel.errors import AgentbusError, Invalid

_UNCOUNTED: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
_LINE_OVERHEAD_BYTES: Final = 4
"""`: ` and the line's end."""


class Limits:
    """ASGI middleware that refuses what is too much."""

    def __init__(self, app: ASGIApp, *, settings: LimitSettings, rates: Rates) -> None:
        self._app = app
        self._settings = settings
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses the request or passes it on; tells in the answer's headers what is left."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        address = address_of(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == HTTPStatus.UNAUTHORIZED:
                    self._rates.fail(address)
                MutableHeaders(scope=message).update(self._rates.headers(scope))
            await send(message)

        try:
            check_head(scope, self._settings)
            if scope["path"] not in _UNCOUNTED:
                self._rates.check_failures(address)
                self._rates.spend(scope, "address", address)
        except AgentbusError as error:
            await problems.respond_to(scope, error)(scope, receive, answer)
            return
        await self._app(scope, receive, answer)


def check_head(scope: Scope, settings: LimitSettings) -> None:
    """Raises Invalid: 414 for a target, 431 for headers, that are too long or too many."""
    target = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    if target > settings.http_target_limit_bytes:
        raise _refused(
            "target", 414, f"path and query may have up to {settings.http_target_limit_bytes} bytes"
        )
    headers = scope["headers"]
    if len(headers) > settings.http_headers_limit:
        raise _refused("headers", 431, f"there may be up to {settings.http_headers_limit} headers")
    size = sum(len(name) + len(value) + _LINE_OVERHEAD_BYTES for name, value in headers)
    if size > settings.http_headers_limit_bytes:
        raise _refused(
            "headers", 431, f"the headers may have up to {settings.http_headers_limit_bytes} bytes together"
        )


def _refused(what: str, status: int, message: str) -> Invalid:
    HTTP_REFUSED.labels(what).inc()
    return Invalid(message, code=f"{what}_too_large", status=status)
