"""A telemetry service on a bus and a PostgreSQL database of one module's own, and what its tables hold."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from support.eventually import eventually
from support.made_topics import made_topics
from support.workspace_world import made_database

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import encode
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.chassis.auth import Role, issue
from agentbus.contracts.topics import MESSAGES
from agentbus.telemetry.app import build
from agentbus.telemetry.instruments import PrometheusFigures
from agentbus.telemetry.settings import TelemetrySettings


@dataclass
class TelemetryWorld:
    """The service's surroundings: topics and a database that nobody else has."""

    settings: TelemetrySettings
    producer: Producer
    reader: Reader

    @asynccontextmanager
    async def service(self, **settings: Any) -> AsyncIterator[httpx.ASGITransport]:
        """Runs a telemetry service in this process, with some settings changed; ready when given."""
        app = self.app(**settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)

            async def ready() -> None:
                async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                    answer = await client.get("/health/ready")
                    assert answer.json()["status"] == "ready", answer.text

            await eventually(ready, within=60)
            yield transport

    def app(self, **settings: Any) -> FastAPI:
        """Returns a service that does not run yet."""
        return build(self.settings.model_copy(update=settings), PrometheusFigures(CollectorRegistry()))

    def client(
        self, service: httpx.ASGITransport, workspace: str = "default", role: Role = Role.VIEWER
    ) -> httpx.AsyncClient:
        """Returns a client of one workspace."""
        token = issue(self.settings, "ann", workspace, role, timedelta(minutes=10))
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=service, base_url="http://127.0.0.1", headers=headers, timeout=60)

    async def publish(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Puts messages on the log, in order."""
        records = [Outgoing(MESSAGES, each["plan_id"], encode(each)) for each in messages]
        for start in range(0, len(records), 5_000):
            await self.producer.send_all(records[start : start + 5_000], timeout_seconds=60)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Asks the database itself."""
        connection = await asyncpg.connect(self.settings.postgres_url)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    async def counted(self, topic: str = MESSAGES) -> int:
        """Returns how many records of the topic are counted in the database."""
        query = "select coalesce(sum(next_offset), 0)::bigint as n from telemetry.offsets where topic = $1"
        try:
            return int((await self.rows(query, topic))[0]["n"])
        except asyncpg.UndefinedTableError:
            return 0

    async def ends(self, topic: str = MESSAGES) -> int:
        """Returns how many records the topic has."""
        partitions = await self.reader.partitions(topic)
        return sum(await asyncio.gather(*(self.reader.end_offset(topic, each) for each in partitions)))

    async def all_counted(self, topic: str = MESSAGES, within: float = 120) -> None:
        """Waits until the database has all that is on the topic."""
        end = await self.ends(topic)

        async def check() -> None:
            assert await self.counted(topic) == end

        await eventually(check, within=within)


@asynccontextmanager
async def telemetry_world(
    kafka_bootstrap: str, postgres_url: str, namespace: str
) -> AsyncIterator[TelemetryWorld]:
    """Gives a world of its own."""
    async with made_database(postgres_url, namespace.rstrip(".")) as url:
        settings = TelemetrySettings(
            kafka_bootstrap=kafka_bootstrap,
            postgres_url=url,
            namespace=namespace,
            auth="token",
            auth_secret=SecretStr("s" * 32),
            # Other tests take their share of this machine.
            postgres_call_seconds=60.0,
            health_check_seconds=20.0,
        )
        address = BusAddress(kafka_bootstrap, namespace)
        async with made_topics(address):
            reader, producer = Reader(address), Producer(address)
            await producer.start()
            try:
                yield TelemetryWorld(settings, producer, reader)
            finally:
                await producer.stop()
                await reader.stop()
