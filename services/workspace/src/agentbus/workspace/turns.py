"""Transactions that change a workspace, one at a time in this process as in the database.

Guarantee: of those who wait for a workspace's lock one of each process holds a connection meanwhile, so a
workspace that is busy (an import) leaves the pool to others. Used by all handlers that write documents.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from agentbus.kernel.errors import Transient
from agentbus.postgres.database import Connection, Database
from agentbus.workspace import store

WAIT_SECONDS: Final = 10.0


class Turns:
    """Whose turn it is, by workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def changing(self, workspace_id: str) -> AsyncIterator[Connection]:
        """Gives a connection in a transaction that has the workspace locked; see `Database.transaction`.

        Raises Transient as well when the turn does not come in time.
        """
        turn = self._turns.setdefault(workspace_id, asyncio.Lock())
        try:
            await asyncio.wait_for(turn.acquire(), WAIT_SECONDS)
        except TimeoutError:
            raise Transient("the workspace is busy", code="workspace_busy") from None
        try:
            async with self._database.transaction() as connection:
                await store.lock(connection, workspace_id)
                yield connection
        finally:
            turn.release()
