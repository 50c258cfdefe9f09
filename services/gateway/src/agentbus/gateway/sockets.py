"""One WebSocket on picows: bytes in and out, bounded, and an orderly end.

Guarantee: nothing that is written waits; what the client has not read is bounded, and one that does not read
is closed with 4408. A close is sent once; the connection is gone `close_grace_seconds` later at the latest.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest

from agentbus.contracts.frames import FRAME_MAX_BYTES, CloseCode
from agentbus.gateway import instruments
from agentbus.gateway.allowance import Allowance
from agentbus.gateway.errors import SocketClosed
from agentbus.gateway.settings import GatewaySettings
from agentbus.gateway.wire import PING, pong_frame
from agentbus.plan.dialect import DEFAULT, Dialect

_REASON_MAX_BYTES = 123
_INBOX_FRAMES = 64
_DRAINED_BYTES = 64 * 1024


class Owner(Protocol):
    """Who decides what a socket is for."""

    def opened(self, socket: "Socket") -> None:
        """The socket is open; begins its session."""
        ...

    def received(self, socket: "Socket") -> None:
        """The socket's inbox has a frame."""
        ...

    def closed(self, socket: "Socket") -> None:
        """The socket takes no more frames; called once."""
        ...

    def gone(self, socket: "Socket") -> None:
        """The connection is no more; called once, after `closed`."""
        ...


class Socket(WSListener):
    """A client's connection. `inbox` holds its text frames until someone takes them out."""

    # Fields that lie together: what is sent to a thousand sockets is sent an eighth sooner.
    __slots__ = (
        "_allowance",
        "_closing",
        "_fragmented",
        "_fragments",
        "_now",
        "_owner",
        "_settings",
        "_transport",
        "_writable",
        "close_code",
        "dialect",
        "heard_at",
        "inbox",
        "opened_at",
        "sent_bytes",
        "sent_frames",
    )

    def __init__(self, owner: Owner, settings: GatewaySettings, now: Callable[[], float]) -> None:
        super().__init__()
        self.dialect: Dialect = DEFAULT
        self.inbox: deque[str] = deque()
        self.heard_at = now()
        self.opened_at = self.heard_at
        self.sent_frames = 0
        self.sent_bytes = 0
        self.close_code = 0
        self._now = now
        self._owner = owner
        self._settings = settings
        self._transport: WSTransport | None = None
        self._fragments = bytearray()
        self._fragmented = False
        self._allowance = Allowance(
            settings.gateway_frames_per_second, settings.gateway_frames_burst, at=self.heard_at
        )
        self._closing = False
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def request(self) -> WSUpgradeRequest:
        """The request that opened the socket."""
        assert self._transport is not None
        return self._transport.request

    @property
    def peer(self) -> str:
        """The address at the other end of the connection."""
        assert self._transport is not None
        name = self._transport.underlying_transport.get_extra_info("peername")
        return str(name[0]) if name else "unknown"

    def write(self, frames: bytes, count: int) -> None:
        """Sends `count` whole frames in one write; closes the socket when it has read too little so far."""
        if self.take(frames, count):
            instruments.FRAMES.inc(count)
            instruments.BYTES.inc(len(frames))

    def take(self, frames: bytes, count: int) -> bool:
        """As `write`, for those who count what they send to many; returns whether it was sent."""
        if self._transport is None or self._closing or self._transport.is_close_frame_sent:
            return False
        transport = self._transport.underlying_transport
        unsent = transport.get_write_buffer_size()
        if unsent and unsent + len(frames) > self._settings.gateway_unsent_limit_bytes:
            instruments.SLOW.inc()
            self.close(CloseCode.TOO_SLOW, "too slow: reconnect from after_seq")
            return False
        transport.write(frames)
        self.sent_frames += count
        self.sent_bytes += len(frames)
        return True

    async def drained(self, within_seconds: float) -> None:
        """Returns when little is left unsent; raises TimeoutError when that takes longer, SocketClosed when
        the last write has closed the socket."""
        if not self._writable.is_set():
            async with asyncio.timeout(within_seconds):
                await self._writable.wait()
        if self._closing:
            raise SocketClosed(CloseCode.TOO_SLOW, "it is closed already")

    def ping(self, frame: bytes) -> None:
        """Sends the JSON ping `frame` and a WebSocket ping; drops a client that has been silent too long."""
        if self._transport is None or self._closing:
            return
        if self._now() - self.heard_at > self._settings.gateway_dead_after_seconds:
            self._transport.disconnect(graceful=False)
        elif self._transport.underlying_transport.get_write_buffer_size() == 0:
            self.write(frame + PING, 1)

    def close(self, code: CloseCode, reason: str) -> None:
        """Sends a close frame after what is unsent; cuts the connection if the client lets that lie."""
        if self._transport is None or self._closing:
            return
        self._end(code)
        self._cut_later(self._transport)
        if code is CloseCode.TOO_MANY:
            self._transport.underlying_transport.pause_reading()
        if not self._transport.is_close_frame_sent:
            text = reason.encode()[:_REASON_MAX_BYTES].decode("utf-8", "ignore")
            self._transport.send_close(cast("WSCloseCode", int(code)), text.encode())

    def on_ws_connected(self, transport: WSTransport) -> None:
        """picows: the upgrade is done."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=4 * _DRAINED_BYTES, low=_DRAINED_BYTES)
        self._owner.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """picows: a frame came."""
        if self._closing:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.disconnect()
            return
        self.heard_at = self._now()
        if not self._allowance.take(frame.payload_size, self.heard_at):
            self.close(CloseCode.TOO_MANY, "too many frames; send less")
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.close(CloseCode.PROTOCOL_ERROR, "a reserved bit is set, and no extension was agreed on")
            return
        match frame.msg_type:
            case WSMsgType.TEXT | WSMsgType.CONTINUATION:
                self._text(frame)
            case WSMsgType.PING:
                self.write(pong_frame(frame.get_payload_as_bytes()), 1)
            case WSMsgType.BINARY:
                self.close(CloseCode.BINARY, "frames are JSON text")
            case WSMsgType.CLOSE:
                self._end(CloseCode.NORMAL)
                transport.send_close(WSCloseCode.OK)
                transport.disconnect()
                self._cut_later(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """picows: the connection is gone."""
        if not self._closing:
            sent = transport.close_handshake.sent if transport.close_handshake else None
            self._end(int(sent.code.value) if sent is not None else 1006)
        self._transport = None
        self._writable.set()
        self._owner.gone(self)

    def pause_writing(self) -> None:
        """picows: a lot is unsent."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """picows: little is unsent."""
        self._writable.set()

    def _cut_later(self, transport: WSTransport) -> None:
        """Whoever does not read what is left is cut off."""
        grace_seconds = self._settings.gateway_close_grace_seconds
        asyncio.get_running_loop().call_later(grace_seconds, transport.disconnect, False)

    def _end(self, code: int) -> None:
        self._closing = True
        self.close_code = int(code)
        instruments.CLOSES.labels(str(int(code))).inc()
        self._owner.closed(self)

    def _text(self, frame: WSFrame) -> None:
        if (frame.msg_type is WSMsgType.CONTINUATION) is not self._fragmented:
            self.close(CloseCode.PROTOCOL_ERROR, "a fragment is out of place")
            return
        self._fragments += frame.get_payload_as_memoryview()
        self._fragmented = not frame.fin
        if len(self._fragments) > FRAME_MAX_BYTES:
            self.close(CloseCode.TOO_LARGE, f"a frame has at most {FRAME_MAX_BYTES} bytes")
        elif frame.fin:
            self._whole(bytes(self._fragments))
            self._fragments.clear()

    def _whole(self, payload: bytes) -> None:
        try:
            self.inbox.append(payload.decode())
        except UnicodeDecodeError:
            self.close(CloseCode.INVALID_UTF8, "text must be UTF-8")
            return
        if len(self.inbox) > _INBOX_FRAMES:
            self.close(CloseCode.TOO_MANY, "too many frames at once; wait for answers")
        else:
            self._owner.received(self)
