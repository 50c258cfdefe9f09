"""The outermost layer of every HTTP service: a request id, a span, a log line, metrics, security headers.

Guarantee: each request is answered, also when a route fails (500 as a problem detail) or the service stops
before it has answered (503), and is counted once.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from opentelemetry.trace import Span, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentbus.chassis import auth, problems
from agentbus.chassis.instruments import REQUEST_SECONDS, REQUESTS
from agentbus.chassis.settings import ServiceSettings
from agentbus.kernel.errors import AgentbusError, Transient
from agentbus.observability.log import bound, get_logger
from agentbus.observability.metrics import observe
from agentbus.observability.tracing import span

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET: Final = ("/health", "/metrics")
_SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HSTS: Final = {**_SECURITY, "Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
"""Over TLS (RFC 6797 section 7.2: never without); the scheme is the one that the client used."""
_log = get_logger("agentbus.access")


class Edge:
    """ASGI middleware around a whole service."""

    def __init__(self, app: ASGIApp, *, settings: ServiceSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        method = scope["method"] if scope["method"] in _METHODS else "other"
        about: dict[str, Any] = {"http.request.method": method, "url.scheme": scope.get("scheme", "http")}
        parent = headers.get("traceparent")
        with (
            span(method, kind="server", parent=parent, request_id=request_id, **about) as current,
            bound(request_id=request_id),
        ):
            answer = _Answer(send, request_id, _HSTS if scope.get("scheme") == "https" else _SECURITY)
            began = time.perf_counter()
            try:
                await self._serve(scope, receive, answer)
            finally:
                _record(scope, method, answer.status, time.perf_counter() - began, current)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            if self._settings.auth == "none":
                auth.check_local(Headers(scope=scope), self._settings)
            await self._app(scope, receive, answer)
        except AgentbusError as error:
            await problems.respond_to(scope, error)(scope, receive, answer)
        except asyncio.CancelledError:  # by the server alone, past the grace of a stop; nothing is above us
            if answer.started:
                raise
            cut = Transient("the service stops, and this took too long: ask again", code="stopping")
            await problems.respond_to(scope, cut)(scope, receive, answer)
        except Exception as error:
            _log.error("request failed", path=scope["path"], exc_info=error)
            if answer.started:
                raise
            await problems.internal(scope)(scope, receive, answer)


class _Answer:
    """Sends an answer on, with the headers that all have; remembers its status (0: none was sent)."""

    def __init__(self, send: Send, request_id: str, headers: Mapping[str, str]) -> None:
        self._send = send
        self._request_id = request_id
        self._headers = headers
        self.status = 0

    @property
    def started(self) -> bool:
        return self.status > 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        await self._send(message)


def _record(scope: Scope, method: str, status: int, seconds: float, current: Span) -> None:
    route = _route(scope)
    REQUESTS.labels(method, route, str(status)).inc()
    observe(REQUEST_SECONDS.labels(method, route), seconds)
    current.update_name(f"{method} {route}")
    current.set_attributes({"http.route": route, "http.response.status_code": status})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        current.set_attribute("error.type", str(status))
        current.set_status(StatusCode.ERROR)
    # Without the query: it may hold an access token.
    tell = _log.debug if scope["path"].startswith(_QUIET) and status < HTTPStatus.BAD_REQUEST else _log.info
    tell("request", method=method, path=scope["path"], route=route, status=status, seconds=round(seconds, 6))


def _route(scope: Scope) -> str:
    """Returns the template of the route that was found, prefixes of routers included: few, known values."""
    included: Any = scope.get("fastapi", {}).get("effective_route_context")
    for found in (included, scope.get("route")):
        template = getattr(found, "path_format", None) or getattr(found, "path", None)
        if template:
            return str(template)
    return "unmatched"


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex
