"""WebSocket clients that cost little, so that a benchmark measures the server."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from picows import WSFrame, WSListener, WSTransport


class Listening(WSListener):
    def __init__(self, framed: Callable[[bytes], None]) -> None:
        super().__init__()
        self._framed = framed

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        self._framed(frame.get_payload_as_bytes())


class Counting(asyncio.Protocol):
    """A WebSocket client that counts bytes after the upgrade."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.received = 0
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True


async def all_received(clients: list[Counting], expected: list[int]) -> None:
    pending = list(zip(clients, expected, strict=True))
    deadline = time.perf_counter() + 120
    while pending := [(client, size) for client, size in pending if client.received < size]:
        if time.perf_counter() > deadline or any(client.closed for client, _ in pending):
            raise AssertionError(f"{len(pending)} sockets did not get everything")
        await asyncio.sleep(0.005)


def upgrade_request(port: int, path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


@asynccontextmanager
async def counting_clients(port: int, path: str, number: int) -> AsyncIterator[list[Counting]]:
    request = upgrade_request(port, path)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Counting(request), "127.0.0.1", port) for _ in range(number)
    ]
    try:
        yield [protocol for _, protocol in opened]
    finally:
        for transport, _ in opened:
            transport.abort()
