"""The composition root of the telemetry service: the only place where its parts are built.

Starts whether or not Kafka and PostgreSQL are up. Ready means: it follows the log. Without PostgreSQL the
figures for Prometheus go on, which readiness tells; those in the database catch up when it is back.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from fastapi import APIRouter, FastAPI

from agentbus.bus.reader import Reader
from agentbus.chassis.auth import Access
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_app
from agentbus.contracts.topics import MESSAGES
from agentbus.kernel.clock import SystemClock
from agentbus.postgres.database import Database
from agentbus.postgres.schema import Schema
from agentbus.telemetry.aggregation.retention import keep
from agentbus.telemetry.aggregation.topics import count_changes, count_messages
from agentbus.telemetry.alerts.app import run_alerts
from agentbus.telemetry.alerts.live_routes import LIVE
from agentbus.telemetry.alerts.routes import ALERTS, HEALTH
from agentbus.telemetry.instruments import PrometheusFigures
from agentbus.telemetry.labels import BoundedPairs
from agentbus.telemetry.model import Ledger
from agentbus.telemetry.ports import Figures, Parts
from agentbus.telemetry.reading.routes import READING
from agentbus.telemetry.settings import TelemetrySettings
from agentbus.telemetry.subscribers import ChangeSubscriber, Subscriber, deliver

SERVICE: Final = "telemetry"
SCHEMA: Final = "telemetry"
_SCHEMA_SECONDS: Final = 3.0
ROUTERS: Final[Sequence[APIRouter]] = (READING, LIVE, ALERTS, HEALTH)


def build(settings: TelemetrySettings, figures: Figures | None = None) -> FastAPI:
    """Returns the service; `figures` are kept in the process' Prometheus registry unless given.

    Raises Fatal for tokens without a secret to check them with.
    """
    health = Health()
    kept = figures or PrometheusFigures()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            parts = await make_parts(settings, health, stack)
            app.state.access, app.state.parts = parts.access, parts
            await _follow(parts, kept, health, stack)
            await _keep(parts, health, stack)
            app.state.alerts = await run_alerts(
                settings, parts.database, parts.schema, parts.clock, health, stack
            )
            yield

    app = build_app(settings, service=SERVICE, lifespan=lifespan, routers=ROUTERS, health=health)
    app.description = "What agents do, what is slow, what broke; alerts."
    return app


async def make_parts(settings: TelemetrySettings, health: Health, stack: AsyncExitStack) -> Parts:
    """Builds what routes and background work share. What needs the tables waits for `schema.made()`."""
    access = Access(settings, settings.bus_address(f"{SERVICE}-{settings.instance}"))
    stack.push_async_callback(access.stop)
    await access.start()
    database = Database(settings)
    stack.push_async_callback(database.stop)
    await database.start()
    schema = Schema(database, package="agentbus.telemetry", schema=SCHEMA)
    await stack.enter_async_context(running("schema", schema.migrate_and_stay, health))
    health.check("access", access.book.check, needed=False)
    health.check("database", database.ping, needed=False)
    health.check("schema", schema.check, needed=False)
    return Parts(settings, access, database, schema, SystemClock())


async def _follow(parts: Parts, figures: Figures, health: Health, stack: AsyncExitStack) -> None:
    """Begins to count what is on the bus, for Prometheus and in the database."""
    settings = parts.settings
    address = settings.bus_address(f"{SERVICE}-{settings.instance}")
    reader = Reader(address)
    stack.push_async_callback(reader.stop)
    await reader.start()
    pairs = BoundedPairs(settings.telemetry_label_pairs)

    def new_ledger() -> Ledger:
        return Ledger(
            figures,
            pairs,
            open_limit=settings.telemetry_open_plans,
            ended_limit=settings.telemetry_ended_plans,
        )

    async def kafka() -> None:
        await reader.partitions(MESSAGES)

    health.check("kafka", kafka)
    messages, changes = count_messages(parts, reader), count_changes(parts, reader)
    of_messages = Subscriber(reader, new_ledger, messages)
    delivery = deliver(settings, address, of_messages, ChangeSubscriber(reader, changes))
    health.check("poison", delivery.unhalted, needed=False)

    async def delivered() -> None:
        # What is given before there are tables would have to be read again.
        with suppress(TimeoutError):
            await asyncio.wait_for(parts.schema.made(), _SCHEMA_SECONDS)
        await delivery.run()

    await stack.enter_async_context(running("delivery", delivered, health, stop=delivery.stop))
    await stack.enter_async_context(running("messages", messages.run, health))
    await stack.enter_async_context(running("changes", changes.run, health))


async def _keep(parts: Parts, health: Health, stack: AsyncExitStack) -> None:
    async def kept() -> None:
        await keep(parts.database, parts.schema, parts.settings, parts.clock)

    await stack.enter_async_context(running("retention", kept, health))
