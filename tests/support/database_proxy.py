"""A proxy before the message database, which refuses, delays or holds its writes.

Understands as much of MongoDB's wire protocol (manual, reference/mongodb-wire-protocol: OP_MSG) as tells a
write from the rest. Calls and answers go strictly in turn on a connection, as the driver uses it here.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

import bson

_HEADER: Final = struct.Struct("<iiii")
"""Length of all, request id, response to, opcode."""
_OP_MSG: Final = 2013
_BODY_AT: Final = 21
"""Header, flags, kind of the first section: its document follows."""
_NAME_AT: Final = _BODY_AT + 5
"""Its length and its first field's type: that field's name is the command's."""
_WRITES: Final = frozenset({b"insert", b"update", b"delete", b"findAndModify"})
_NOT_PRIMARY: Final = {"ok": 0.0, "code": 10107, "codeName": "NotWritablePrimary", "errmsg": "refused"}


@dataclass(frozen=True)
class Write:
    """A write that waits for the proxy's rule."""

    request: bytes
    perform: Callable[[], Awaitable[bytes]]
    """Sends it to the database and returns its answer."""

    def refusal(self) -> bytes:
        """Returns the answer of a server that is not (any more) the one to write to."""
        document = bson.encode(_NOT_PRIMARY)
        request_id = _HEADER.unpack_from(self.request)[1]
        header = _HEADER.pack(_BODY_AT + len(document), 0, request_id, _OP_MSG)
        return header + bytes(5) + document


Rule = Callable[[Write], Awaitable[bytes]]
"""Returns the answer to a write; raises ConnectionError to break the connection instead."""


async def performed(write: Write) -> bytes:
    """The rule of a proxy that does nothing."""
    return await write.perform()


@dataclass
class DatabaseProxy:
    """Listens on a free port of loopback, before the database on `upstream_port`."""

    upstream_port: int
    port: int = 0
    _rule: Rule = performed
    _connections: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def environment(self) -> dict[str, str]:
        """What a service is told, so that it writes through this proxy."""
        return {"AGENTBUS_MONGO_URL": f"mongodb://127.0.0.1:{self.port}"}

    @contextmanager
    def ruled(self, rule: Rule) -> Iterator[None]:
        """Applies the rule to every write that arrives meanwhile."""
        self._rule = rule
        try:
            yield
        finally:
            self._rule = performed

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end, on whichever side that comes."""
        self._connections.add(writer)
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.upstream_port)
            try:
                while True:
                    writer.write(await self._answer(await _message(reader), upstream_reader, upstream))
            finally:
                upstream.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()

    def stop(self) -> None:
        """Breaks every connection."""
        for writer in self._connections:
            writer.transport.abort()

    async def _answer(
        self, request: bytes, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter
    ) -> bytes:
        async def perform() -> bytes:
            upstream.write(request)
            return await _message(reader)

        return await (self._rule(Write(request, perform)) if _is_write(request) else perform())


@asynccontextmanager
async def database_proxy(upstream_port: int) -> AsyncIterator[DatabaseProxy]:
    """Runs a proxy around the block."""
    proxy = DatabaseProxy(upstream_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield proxy
        finally:
            proxy.stop()


def _is_write(request: bytes) -> bool:
    if _HEADER.unpack_from(request)[3] != _OP_MSG:
        return False
    return request[_NAME_AT : request.index(0, _NAME_AT)] in _WRITES


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "little") - 4)
