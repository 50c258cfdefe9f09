"""The connection to the message database: MongoDB, or FerretDB which speaks its protocol.

A database that is down or hangs is told within seconds, as Transient; the driver reconnects by itself.
Built in a service's `app.py`; used by the stores of this package.
"""

import asyncio
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo.errors import ServerSelectionTimeoutError

from agentbus.mongo.commands import Commands
from agentbus.mongo.errors import translated
from agentbus.mongo.settings import CALL_SECONDS

Document = dict[str, Any]

SELECTION_SECONDS: Final = 3.0
"""How long a call waits for a server that can be reached."""

PING_SECONDS: Final = 1.5
"""How long `ping` waits: less than a readiness check, so that the check can say why it failed."""


class Database:
    """One database. Nothing is connected before the first call, so it need not be up to begin with."""

    def __init__(self, client: AsyncIOMotorClient[Document], name: str) -> None:
        self._client = client
        self.name = name

    def collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        """Returns the driver's handle; for the stores of this package."""
        return self._client[self.name][name]

    async def ping(self) -> None:
        """Returns when the server answers; raises Transient, with the reason, when it does not at once."""
        with translated():
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self._client[self.name].command("ping")
            except TimeoutError:
                servers = self._client.delegate.topology_description.server_descriptions().values()
                causes = "; ".join(str(server.error) for server in servers if server.error)
                raise ServerSelectionTimeoutError(causes or "no answer") from None

    async def drop(self) -> None:
        """Deletes the whole database: for tests, and before a rebuild from the topics."""
        with translated():
            await self._client.drop_database(self.name)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def connect(
    url: str,
    database: str,
    *,
    selection_seconds: float = SELECTION_SECONDS,
    call_seconds: float = CALL_SECONDS,
    **options: Any,
) -> Database:
    """Returns the database at `url` (mongodb://…). Does not connect yet, so never fails for an outage.

    `options`: TLS and credentials, as `settings.DatabaseSettings.database_options` makes them.

    Writes are acknowledged by a majority. The driver's own retries are off: FerretDB has none, and the
    callers retry with the document's identity, which is safe to repeat.
    """
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
        url,
        serverSelectionTimeoutMS=int(selection_seconds * 1000),
        connectTimeoutMS=int(selection_seconds * 1000),
        socketTimeoutMS=int(call_seconds * 1000),
        retryWrites=False,
        retryReads=False,
        w="majority",
        appname="agentbus",
        event_listeners=[Commands()],
        **options,
    )
    return Database(client, database)
