"""An application of ours on a port of this machine, as `serve` serves it, and raw sockets to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import uvicorn
from fastapi import FastAPI
from support.eventually import eventually

from agentbus.chassis.serve import config
from agentbus.chassis.settings import ServiceSettings


class Answer(NamedTuple):
    """What came over a connection until the other side closed it."""

    status: int
    head: str
    body: bytes


class Raw:
    """One TCP connection, without any client's manners."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self, within: float) -> bytes:
        """Returns all that comes until the connection is closed; raises TimeoutError when it stays open."""
        read = b""
        try:
            async with asyncio.timeout(within):
                while part := await self.reader.read(65536):
                    read += part
        except ConnectionError:
            pass
        return read

    async def answer(self, within: float) -> Answer:
        """Returns the one answer on a connection that is closed behind it."""
        head, _, body = (await self.rest(within)).partition(b"\r\n\r\n")
        return Answer(int(head.split(b" ")[1]), head.decode().lower(), body)

    async def trickle(self, data: bytes, every: float) -> None:
        """Sends a byte at a time until the other side has had enough."""
        try:
            for byte in data:
                await self.send(bytes([byte]))
                await asyncio.sleep(every)
        except ConnectionError:
            pass


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def served(app: FastAPI, settings: ServiceSettings) -> AsyncIterator[int]:
    """Serves `app` in this process; gives its port."""
    server = uvicorn.Server(config(app, settings))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        run = asyncio.create_task(server._serve([listening]))  # without `serve`'s signal handlers

        async def started() -> None:
            assert server.started

        try:
            await eventually(started, within=10)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await run
