"""Real probes: a part is ready when it does what its users need of it, not when its process runs."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg

from agentbus.bus.address import BusAddress
from agentbus.bus.provisioning import provision
from agentbus.bus.security import Security
from agentbus.embedded import ferretdb, ferretdb_indexes, postgres
from agentbus.embedded.errors import NotReady
from agentbus.embedded.layout import Layout
from agentbus.embedded.supervision import Supervisor
from agentbus.kernel.errors import Transient
from agentbus.mongo.client import connect

Probe = Callable[[], Awaitable[None]]

_EVERY_SECONDS = 0.2
_STARTS_ALLOWED = 3
_LOG_LINES = 15
_NOT_YET = (
    *(OSError, EOFError, TimeoutError, Transient),
    *(asyncpg.PostgresError, asyncpg.InterfaceError),
)


def kafka_probe(port: int, namespace: str, copies: int = 1, security: Security | None = None) -> Probe:
    """Ready when topics can be made: the controllers decide and the broker serves. Makes the missing ones."""

    async def probe() -> None:
        await port_probe(port)()
        address = BusAddress(f"127.0.0.1:{port}", namespace, "embedded", security or Security())
        await provision(address, replication_factor=copies)

    return probe


def port_probe(port: int) -> Probe:
    """Ready when somebody listens."""

    async def probe() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    return probe


def postgres_probe(layout: Layout) -> Probe:
    """Ready when a query is answered. Makes FerretDB's database, with its indexes, and our services'."""

    async def probe() -> None:
        for database in (ferretdb.DATABASE, postgres.DATABASE):
            await postgres.ensure_database(layout, database)
        await ferretdb_indexes.ensure_indexes(postgres.url(layout, ferretdb.DATABASE))

    return probe


def ferretdb_probe(port: int, options: Mapping[str, Any] | None = None) -> Probe:
    """Ready when the MongoDB protocol's ping is answered with ok; `options`: TLS and credentials for it."""
    if not options:
        return lambda: ferretdb.ping(port)

    async def probe() -> None:
        database = connect(f"mongodb://127.0.0.1:{port}", ferretdb.DATABASE, **options)
        try:
            await database.ping()
        finally:
            database.close()

    return probe


def http_probe(port: int, path: str) -> Probe:
    """Ready when `path` is answered with 200."""

    # By hand: an HTTP client costs more to make than everything else that is done ten times a second here.
    async def probe() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            status = (await reader.readuntil(b"\r\n")).split()[1].decode()
            if status != "200":
                raise ConnectionError(f"{path} answers {status}")
        finally:
            writer.close()

    return probe


async def is_ready(probe: Probe) -> bool:
    """Asks once."""
    try:
        await asyncio.wait_for(probe(), 5)
    except _NOT_YET:
        return False
    return True


async def await_ready(
    supervisor: Supervisor, layout: Layout, name: str, probe: Probe, within_seconds: float
) -> None:
    """Returns when `probe` passes. Raises NotReady, with the end of the log, late or when it gave up."""
    starts: set[int] = set()
    deadline = time.monotonic() + within_seconds
    while True:
        reason = await _reason_not_ready(probe)
        if reason is None:
            return
        state = await supervisor.state(name)
        starts.add(state.started)
        if state.state == "FATAL" or len(starts) > _STARTS_ALLOWED:
            raise NotReady(f"{name} keeps ending by itself.{_log_end(layout, name)}")
        if time.monotonic() > deadline:
            raise NotReady(
                f"{name} is not ready in {within_seconds:.0f} s: {reason}.{_log_end(layout, name)}"
            )
        await asyncio.sleep(_EVERY_SECONDS)


async def _reason_not_ready(probe: Probe) -> str | None:
    try:
        await asyncio.wait_for(probe(), 15)
    except _NOT_YET as error:
        return f"{type(error).__name__} {error}".strip()
    return None


def _log_end(layout: Layout, name: str) -> str:
    log = layout.log(name)
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
    return f" The end of {log}:\n" + "\n".join(f"  {line}" for line in lines or ["(it wrote nothing)"])
