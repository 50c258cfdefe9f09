"""A workspace whose telemetry a test writes itself, and what its members are told of it over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import httpx
from support.measured_rows import Rows
from support.telemetry_world import TelemetryWorld

from agentbus.postgres.database import Database
from agentbus.postgres.migrations import migrate
from agentbus.telemetry.app import SCHEMA

ROOT: Final = "/api/v3/observability"


@dataclass
class Measured:
    """A workspace: what writes into its tables, and a viewer's client there."""

    workspace: str
    rows: Rows
    client: httpx.AsyncClient

    async def get(self, path: str, **query: Any) -> Any:
        """Returns the answer's body, which has to be a success."""
        answer = await self.client.get(f"{ROOT}/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pages(self, path: str, **query: Any) -> list[Any]:
        """Returns all pages, by their links."""
        pages = []
        url: str | None = str(httpx.URL(f"{ROOT}/{path}", params=query))
        while url is not None:
            answer = await self.client.get(url)
            assert answer.status_code == 200, answer.text
            pages.append(answer.json())
            url = answer.links.get("next", {}).get("url")
        return pages


@asynccontextmanager
async def writing(world: TelemetryWorld, workspace_id: str) -> AsyncIterator[Rows]:
    """Gives what writes into the tables of a workspace."""
    connection = await asyncpg.connect(world.settings.postgres_url)
    try:
        yield Rows(connection, workspace_id)
    finally:
        await connection.close()


async def make_tables(world: TelemetryWorld) -> None:
    """Makes the tables, which a service would make once it runs."""
    database = Database(world.settings)
    await database.start()
    await migrate(database, package="agentbus.telemetry", schema=SCHEMA)
    await database.stop()
