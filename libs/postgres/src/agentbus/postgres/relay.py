"""Publishes an outbox: one leader among all instances, woken by NOTIFY, in order, at least once.

Guarantee: the leader holds an advisory lock of its session, so another instance takes over as soon as the
database has noticed that it is gone. A record is removed after the bus has it: after a crash between the two
it is published again. The first appearance of the records of a key keeps their order, because every batch
begins with the oldest record that is still there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.observability.tracing import first_recorded, span
from agentbus.postgres.database import Connection, Database
from agentbus.postgres.instruments import RELAY_LEADER, RELAY_OLDEST_SECONDS, RELAYED
from agentbus.postgres.outbox import Outbox, Pending

_BATCH_ROWS: Final = 500
_BATCH_BYTES: Final = 4_000_000
_CANDIDATE_SECONDS: Final = 1.0
"""How often those that do not lead ask for the lock. Waiting in the database would hold back its vacuum."""

_LOOK_SECONDS: Final = 5.0
"""How often the leader looks unwoken; also how soon it notices a connection that died in silence."""

_RETRY: Final = Backoff(first_seconds=0.05, limit_seconds=5.0)
_log = get_logger(__name__)

Publish = Callable[[Sequence[Pending]], Awaitable[None]]


class Relay:
    """Empties one outbox through `publish`, which returns when the bus has all, or raises Transient."""

    def __init__(self, database: Database, outbox: Outbox, publish: Publish) -> None:
        self._database = database
        self._outbox = outbox
        self._publish = publish
        self._failures = 0

    async def run(self) -> None:
        """Leads whenever nobody else does, until cancelled."""
        while True:
            try:
                await self._session()
            except Transient as error:
                await self._pause(error)
            finally:
                RELAY_LEADER.set(0)

    async def _session(self) -> None:
        """Waits for the lead and holds it; raises Transient when the database or the bus goes away."""
        wake = asyncio.Event()
        async with self._database.session() as connection:
            connection.add_termination_listener(lambda _: wake.set())
            await connection.add_listener(self._outbox.channel, lambda *_: wake.set())
            # A removal that a crash of the server takes back is a record that is published again.
            await connection.execute("set synchronous_commit = off")
            while not await self._leads(connection):  # noqa: ASYNC110  another process holds the lock
                await asyncio.sleep(_CANDIDATE_SECONDS)
            RELAY_LEADER.set(1)
            _log.info("relay leads", outbox=self._outbox.channel)
            while True:
                wake.clear()
                if not await self._publish_some(connection):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await wake.wait()

    async def _leads(self, connection: Connection) -> bool:
        return bool(
            await connection.fetchval("select pg_try_advisory_lock(hashtext($1))", self._outbox.channel)
        )

    async def _publish_some(self, connection: Connection) -> bool:
        """Publishes the oldest records; returns whether there were any."""
        records = await self._outbox.oldest(connection, _BATCH_ROWS, _BATCH_BYTES)
        age = (datetime.now(UTC) - records[0].appended_at).total_seconds() if records else 0.0
        RELAY_OLDEST_SECONDS.set(max(0.0, age))
        if not records:
            return False
        parents = [each.traceparent for each in records]
        with span(
            "publish outbox", parent=first_recorded(parents), links=parents, outbox=self._outbox.channel
        ):
            await self._publish(records)
            await self._outbox.remove(connection, records)
        RELAYED.inc(len(records))
        self._failures = 0
        return True

    async def _pause(self, error: Transient) -> None:
        self._failures += 1
        if self._failures == 1:
            _log.warning("relay waits", outbox=self._outbox.channel, reason=error.message)
        await asyncio.sleep(_RETRY.delay(self._failures))
