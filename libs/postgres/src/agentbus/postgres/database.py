"""The pool of connections to PostgreSQL, and transactions on it. Built in a service's `app.py`.

Guarantee: nothing connects before the first call, so the database need not be up to begin with; one that is
down or hangs is told within seconds, as Transient; connections that died are replaced at the next call.
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from agentbus.observability.metrics import observe
from agentbus.postgres import statements
from agentbus.postgres.errors import translated
from agentbus.postgres.instruments import POOL_CONNECTIONS, POOL_LIMIT, TRANSACTION_SECONDS
from agentbus.postgres.settings import PostgresSettings

CONNECT_SECONDS: Final = 3.0
"""How long a call waits for a server that can be reached, and for a connection of the pool."""

PING_SECONDS: Final = 1.5

_SESSION: Final = {
    "application_name": "agentbus",
    # A machine that vanishes keeps its locks no longer than this.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "60s",
}

Row: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"


class Database:
    """One database of one process."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._options: dict[str, Any] = {
            **settings.postgres_options(),
            "timeout": CONNECT_SECONDS,
            "command_timeout": settings.postgres_call_seconds,
            "server_settings": dict(_SESSION),
        }
        self._connections = settings.postgres_connections
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def start(self) -> None:
        """Makes the pool; does not connect."""
        pool = await asyncpg.create_pool(
            min_size=0, max_size=self._connections, init=_observed, **self._options
        )
        self._pool = pool
        POOL_LIMIT.set(self._connections)
        POOL_CONNECTIONS.labels("idle").set_function(pool.get_idle_size)
        POOL_CONNECTIONS.labels("used").set_function(lambda: pool.get_size() - pool.get_idle_size())

    async def stop(self) -> None:
        """Closes the connections at once; transactions that run are rolled back."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def transaction(self, *, snapshot: bool = False) -> AsyncIterator[Connection]:
        """Gives a connection in a transaction, committed at the block's end and rolled back by an error.

        `snapshot`: read only, and all of its statements see the same state. Raises Transient, Invalid and
        Duplicate for what the database does not take. When the connection breaks during the commit, Transient
        is raised and it may have been committed: callers repeat what is safe to repeat.
        """
        isolation: Any = "repeatable_read" if snapshot else None
        assert self._pool is not None, "start() comes first"
        with translated(), _timed("read" if snapshot else "write"):
            async with (
                self._pool.acquire(timeout=CONNECT_SECONDS) as connection,
                connection.transaction(isolation=isolation, readonly=snapshot),
            ):
                yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """Gives a connection of its own, outside the pool: for LISTEN, and for locks that a session holds."""
        with translated():
            connection = await asyncpg.connect(**self._options)
            await _observed(connection)
            try:
                yield connection
            finally:
                connection.terminate()

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Returns a new connection, the caller's to close; for `migrations`. Raises what the driver does."""
        return await asyncpg.connect(**self._options)

    async def ping(self) -> None:
        """Returns when the server answers; raises Transient, with the reason, when it does not at once."""
        assert self._pool is not None, "start() comes first"
        with translated():
            async with self._pool.acquire(timeout=PING_SECONDS) as connection:
                await connection.execute("select 1", timeout=PING_SECONDS)


async def _observed(connection: Connection) -> None:
    connection.add_query_logger(statements.told)


@contextmanager
def _timed(kind: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        observe(TRANSACTION_SECONDS.labels(kind), time.perf_counter() - began)
