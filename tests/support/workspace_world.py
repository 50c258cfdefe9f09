"""A workspace service on a bus and a PostgreSQL database of one test module's own, and clients of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from pydantic import SecretStr
from support.eventually import eventually
from support.made_topics import made_topics

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import decode
from agentbus.bus.reader import Reader
from agentbus.chassis.auth import Role, issue
from agentbus.contracts.topics import WORKSPACE_CHANGES
from agentbus.workspace.app import build
from agentbus.workspace.settings import WorkspaceSettings

KEY: Final = "c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHM="
ROOT: Final = "/api/v3/workspaces"
Home = tuple[str, httpx.AsyncClient]
"""A workspace's address, and a client there."""


@dataclass
class WorkspaceWorld:
    """The service's surroundings; every test takes a workspace of its own by its name."""

    settings: WorkspaceSettings
    reader: Reader

    @asynccontextmanager
    async def service(self, **settings: Any) -> AsyncIterator[httpx.ASGITransport]:
        """Runs a workspace service in this process, with some settings changed; ready when given."""
        app = build(self.settings.model_copy(update=settings))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)

            async def ready() -> None:
                async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                    answer = await client.get("/health/ready")
                    assert answer.status_code == 200, answer.text

            await eventually(ready, within=60)
            yield transport

    def token(self, user: str = "ann", workspace: str = "default", role: Role = Role.EDITOR) -> str:
        return issue(self.settings, user, workspace, role, timedelta(minutes=10))

    def client(self, service: httpx.ASGITransport, **who: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(**who)}"}
        return httpx.AsyncClient(transport=service, base_url="http://127.0.0.1", headers=headers, timeout=60)

    async def published(self, workspace_id: str) -> list[dict[str, Any]]:
        """Returns the workspace's changes on the bus, as they stand there."""
        partition = await self.reader.partition_for(WORKSPACE_CHANGES, workspace_id)
        records = self.reader.read(WORKSPACE_CHANGES, partition, 0, key=workspace_id)
        return [decode(each.value) async for each in records]

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Asks the database itself."""
        connection = await asyncpg.connect(self.settings.postgres_url)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()


@asynccontextmanager
async def workspace_world(
    kafka_bootstrap: str, postgres_url: str, namespace: str
) -> AsyncIterator[WorkspaceWorld]:
    """Gives a world with topics and a database that nobody else has."""
    database = namespace.rstrip(".")
    async with made_database(postgres_url, database) as url:
        settings = WorkspaceSettings(
            kafka_bootstrap=kafka_bootstrap,
            postgres_url=url,
            namespace=namespace,
            auth="token",
            auth_secret=SecretStr("s" * 32),
            secret_keys=(SecretStr(KEY),),
            postgres_call_seconds=60.0,  # other tests take their share of this machine
        )
        address = BusAddress(kafka_bootstrap, namespace)
        async with made_topics(address):
            reader = Reader(address)
            try:
                yield WorkspaceWorld(settings, reader)
            finally:
                await reader.stop()


@asynccontextmanager
async def made_database(postgres_url: str, name: str) -> AsyncIterator[str]:
    """Makes a database, gives its address, and drops it at the end."""
    await _execute(postgres_url, f'create database "{name}"')
    try:
        yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    finally:
        await _execute(postgres_url, f'drop database "{name}" with (force)')


async def _execute(postgres_url: str, statement: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
