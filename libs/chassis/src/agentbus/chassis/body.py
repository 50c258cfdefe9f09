"""The request body, checked before any route sees it: its size, its content type, and that it is JSON.

Guarantee: a route gets no body, or one that is at most the limit and strict JSON (RFC 8259: UTF-8, no NaN, no
lone surrogates, no nesting past 1024 levels), and was sent in time. Anything else is answered here: 413, 408,
415 or 400.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentbus.chassis import problems
from agentbus.chassis.instruments import HTTP_REFUSED
from agentbus.kernel.errors import AgentbusError, Invalid

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class StrictBody:
    """ASGI middleware that reads the body of a request, checks it and hands it on whole."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, limit_seconds: float) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._limit_seconds = limit_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a wrong body; passes everything else on."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read_in_time(Headers(scope=scope), receive)
            if body is None:
                return
            if body:
                check_json(body, Headers(scope=scope).get("content-type", ""))
        except AgentbusError as error:
            await problems.respond_to(scope, error)(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read_in_time(self, headers: Headers, receive: Receive) -> bytes | None:
        try:
            async with asyncio.timeout(self._limit_seconds):
                return await self._read(headers, receive)
        except TimeoutError:
            HTTP_REFUSED.labels("slow_body").inc()
            message = f"The body has to come within {self._limit_seconds:g} s."
            raise Invalid(message, code="body_too_slow", status=408) from None

    async def _read(self, headers: Headers, receive: Receive) -> bytes | None:
        """Returns the body, or None when the client left before its end."""
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self._limit_bytes:
            raise self._too_large()
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._limit_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Invalid:
        HTTP_REFUSED.labels("body").inc()
        return Invalid(
            f"The body may have up to {self._limit_bytes} bytes.", code="body_too_large", status=413
        )


def check_json(body: bytes, content_type: str) -> None:
    """Raises Invalid (415, `unsupported_media_type`; 400, `malformed_json`) unless `body` is strict JSON."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not (media_type == "application/json" or media_type.endswith("+json")):
        raise Invalid("Send application/json.", code="unsupported_media_type", status=415)
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error.msg}.", code="malformed_json", status=400) from None


def _replay(body: bytes, receive: Receive) -> Receive:
    first: Iterable[Message] = iter(({"type": "http.request", "body": body, "more_body": False},))

    async def again() -> Message:
        for message in first:
            return message
        return await receive()

    return again
