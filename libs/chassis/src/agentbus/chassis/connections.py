"""HTTP connections that cannot be held for nothing: bounds in number, and in time for each step.

Guarantee: a connection on which no whole head (408), no whole body, or no reading of the answer comes about
in time is closed, also when a byte trickles in now and then; more connections than allowed get 503 at once.
What cannot be read as HTTP/1.1 gets a problem detail, too. Called by `serve`; built on uvicorn's h11.
"""

import asyncio
import sys
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, Literal, cast

import h11
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import H11Protocol

from agentbus.chassis import problems
from agentbus.chassis.instruments import HTTP_REFUSED
from agentbus.chassis.limit_settings import LimitSettings
from agentbus.chassis.rates import address_of

_READ_LEAST_BYTES: Final = HIGH_WATER_LIMIT // 2
_BODY_GRACE_SECONDS: Final = 1.0
"""`StrictBody` has the first word: it can still answer."""

Step = Literal["head", "body", "none"]
Reason = Literal["connections", "headers", "malformed", "slow_head"]
_ANSWERS: Final[dict[Reason, tuple[int, str, str]]] = {
    "connections": (503, "too_many_connections", "There are too many connections; try again later."),
    "headers": (431, "headers_too_large", "The headers are larger than is allowed."),
    "malformed": (400, "malformed_http", "This is not HTTP/1.1 as RFC 9112 has it."),
    "slow_head": (408, "head_too_slow", "The head of the request did not come in time."),
}


class Census:
    """The open connections of one server, and whether there may be one more."""

    def __init__(self, settings: LimitSettings) -> None:
        self._settings = settings
        self._open: Counter[str] = Counter()

    def enter(self, host: str, address: str) -> bool:
        """Counts a connection; returns whether it is within the bounds. Each has to `leave`."""
        self._open[address] += 1
        if self._open.total() > self._settings.http_connections_limit:
            return False
        return (
            self._settings.trusts(host) or self._open[address] <= self._settings.http_connections_per_address
        )

    def leave(self, address: str) -> None:
        """Forgets a connection."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


class BoundedConnection(H11Protocol):
    """uvicorn's connection, with deadlines."""

    def __init__(self, *arguments: Any, settings: LimitSettings, census: Census, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._bounds = settings
        self._census = census
        self._address = ""
        self._step: Step = "none"
        self._deadline: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Lets the connection in, or answers 503 and closes it."""
        super().connection_made(transport)
        self._address = address_of({"client": self.client})
        if self._census.enter(self.client[0] if self.client else "", self._address):
            self._follow()
        else:
            self._refuse("connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        super().connection_lost(exc)
        self._census.leave(self._address)
        self._stop_timers()

    def data_received(self, data: bytes) -> None:
        """Goes on with the request; what it waits for next has a deadline."""
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        """Goes on to the next request of the connection."""
        super().on_response_complete()
        self._follow()

    def pause_writing(self) -> None:
        """The client does not read as fast as we write: from now on it has to keep a least pace."""
        super().pause_writing()
        self._watch_reading(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client has read enough."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()

    def timeout_keep_alive_handler(self) -> None:
        """Closes an idle connection, also when the rest of the last answer is never read."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words
        """Answers what h11 cannot read; called by uvicorn while it handles h11's error."""
        hint = getattr(sys.exception(), "error_status_hint", 400)
        self._refuse("headers" if hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE else "malformed")

    def _follow(self) -> None:
        step = self._awaited()
        if step == self._step:
            return
        self._step = step
        if self._deadline is not None:
            self._deadline.cancel()
        if step == "head":
            self._deadline = self.loop.call_later(self._bounds.http_head_seconds, self._head_too_slow)
        elif step == "body":
            seconds = self._bounds.http_body_seconds + _BODY_GRACE_SECONDS
            self._deadline = self.loop.call_later(seconds, self._body_too_slow)

    def _awaited(self) -> Step:
        if self.transport.is_closing():
            return "none"
        if self.conn.their_state is h11.SEND_BODY:
            return "body"
        # Between requests, uvicorn's own keep-alive timer runs.
        waits = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
        return "head" if waits else "none"

    def _head_too_slow(self) -> None:
        if self.conn.trailing_data[0]:
            self._refuse("slow_head")
        else:  # Browsers open connections in advance.
            self.transport.close()

    def _body_too_slow(self) -> None:
        HTTP_REFUSED.labels("slow_body").inc()
        self.transport.abort()

    def _watch_reading(self, unread_bytes: int) -> None:
        def check() -> None:
            now_unread = self.transport.get_write_buffer_size()
            if unread_bytes - now_unread >= _READ_LEAST_BYTES:
                self._watch_reading(now_unread)
                return
            HTTP_REFUSED.labels("slow_reader").inc()
            self.transport.abort()

        self._reading = self.loop.call_later(self._bounds.http_stall_seconds, check)

    def _refuse(self, reason: Reason) -> None:
        HTTP_REFUSED.labels(reason).inc()
        status, code, detail = _ANSWERS[reason]
        more = {"Connection": "close", **({"Retry-After": "5"} if reason == "connections" else {})}
        answer = problems.respond({}, status, code, detail, headers=more)
        events = (
            h11.Response(status_code=status, headers=answer.raw_headers),
            h11.Data(data=cast("bytes", answer.body)),
            h11.EndOfMessage(),
        )
        with suppress(h11.LocalProtocolError):  # an answer is under way already
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        self._reading = self.loop.call_later(self._bounds.http_stall_seconds, self.transport.abort)

    def _stop_timers(self) -> None:
        for timer in (self._deadline, self._reading):
            if timer is not None:
                timer.cancel()
