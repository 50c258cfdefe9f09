"""A WebSocket client that sends any bytes at all, and reads what the server says back, frame by frame."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


def upgrade(target: str, *headers: str) -> bytes:
    """Returns an upgrade request (RFC 6455 section 4.1)."""
    lines = [
        f"GET {target} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = b"\x01\x02\x03\x04",
) -> bytes:
    """Returns one frame as a client sends it; without `mask`, as it must not."""
    size = len(payload)
    masked = 0x80 if mask is not None else 0
    if size < 126:
        length = bytes((masked | size,))
    elif size < 65_536:
        length = bytes((masked | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((masked | 127,)) + size.to_bytes(8, "big")
    if mask is not None:
        key = (mask * (size // 4 + 1))[:size]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
    return bytes((int(fin) << 7 | rsv << 4 | opcode,)) + length + (mask or b"") + payload


@dataclass
class Heard:
    """What came from the server: the HTTP status, whole frames as (opcode, payload), and its close code."""

    status: int = 0
    frames: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def close_codes(self) -> list[int]:
        return [int.from_bytes(payload[:2], "big") for opcode, payload in self.frames if opcode == CLOSE]


async def exchange(port: int, request: bytes, after: bytes = b"", *, within: float = 10) -> Heard:
    """Sends a request, then `after` and the end of the stream; returns what came until the server hung up.

    Raises TimeoutError when it does not hang up, AssertionError for bytes that are no server frames.
    """
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        heard = Heard()
        try:
            writer.write(request)
            head = b""
            with suppress(asyncio.IncompleteReadError):
                if request.endswith(b"\r\n\r\n"):
                    head = await reader.readuntil(b"\r\n\r\n")
            heard.status = int(head.split(b" ")[1]) if head else 0
            with suppress(ConnectionError):
                writer.write(after)
                await writer.drain()
                writer.write_eof()
            received = bytearray()
            with suppress(ConnectionError):
                while piece := await reader.read(65_536):
                    received += piece
            if heard.status == 101:
                heard.frames = server_frames(bytes(received))
        finally:
            writer.transport.abort()
        return heard


def server_frames(received: bytes) -> list[tuple[int, bytes]]:
    """Returns whole server frames; fails on what no server may send (RFC 6455 section 5)."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while len(received) - at >= 2:
        first, size, start = received[at], received[at + 1], at + 2
        assert first & 0x80, "fragmented"
        assert not first & 0x70, "a reserved bit"
        assert first & 0xF in (TEXT, CLOSE, PING, PONG), f"opcode {first & 0xF}"
        assert size < 128, "masked"
        if size >= 126:
            more = 2 if size == 126 else 8
            size, start = int.from_bytes(received[start : start + more], "big"), start + more
        if start + size > len(received):
            break  # cut off in the middle
        found.append((first & 0xF, received[start : start + size]))
        at = start + size
    return found
