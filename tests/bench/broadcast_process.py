"""The gateway benchmark's reference: a picows server that does nothing but send. Run by `bench.gateway`.

Arguments: port, sockets, messages, bytes of a message. When all sockets are there it sends each message to
each of them, as anyone would write it: one `send` per message and socket.
"""

import asyncio
import sys
from collections.abc import Callable

from picows import WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server


class _Socket(WSListener):
    def __init__(self, connected: Callable[[WSTransport], None]) -> None:
        super().__init__()
        self._connected = connected

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._connected(transport)

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass


async def _serve(port: int, number: int, messages: int, size: int) -> None:
    sockets: list[WSTransport] = []
    complete = asyncio.Event()

    def connected(transport: WSTransport) -> None:
        sockets.append(transport)
        if len(sockets) == number:
            complete.set()

    def accept(_request: WSUpgradeRequest) -> WSListener:
        return _Socket(connected)

    server = await ws_create_server(accept, "127.0.0.1", port, backlog=1024)
    async with server:
        await complete.wait()
        for _ in range(messages):
            payload = b"x" * size
            for socket in sockets:
                socket.send(WSMsgType.TEXT, payload)
            await asyncio.sleep(0)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(*(int(argument) for argument in sys.argv[1:5])))
