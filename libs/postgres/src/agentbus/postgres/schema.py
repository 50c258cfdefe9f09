"""A service's schema, migrated at its start, tried until PostgreSQL takes it. Built in each `app.py`.

Guarantee: the service starts without PostgreSQL; `check` tells whether the tables are as it needs them.
"""

import asyncio
from typing import Final

from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.postgres.database import Database
from agentbus.postgres.migrations import migrate

_RETRY: Final = Backoff(first_seconds=0.2, limit_seconds=5.0)
_log = get_logger(__name__)


class Schema:
    """Whether the tables of `schema` are as `package`, whose migrations they are, needs them."""

    def __init__(self, database: Database, *, package: str, schema: str) -> None:
        self._database = database
        self._package = package
        self._schema = schema
        self._made = asyncio.Event()

    async def migrate_and_stay(self) -> None:
        """Applies what is missing, however long PostgreSQL is away; then does nothing until cancelled."""
        tries = 0
        while not self._made.is_set():
            try:
                await migrate(self._database, package=self._package, schema=self._schema)
                self._made.set()
            except Transient as error:
                tries += 1
                _log.warning("the schema waits", schema=self._schema, reason=error.message)
                await asyncio.sleep(_RETRY.delay(tries))
        await asyncio.Event().wait()

    async def made(self) -> None:
        """Returns once the schema is the newest."""
        await self._made.wait()

    async def check(self) -> None:
        """For `Health.check`: raises Transient until the schema is the newest."""
        if not self._made.is_set():
            raise Transient("the schema is not migrated yet", code="not_migrated")
