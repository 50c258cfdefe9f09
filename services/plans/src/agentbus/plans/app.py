"""The plan service's composition root: the only place where its adapters are built.

Starts whether or not Kafka and the database are up; `/health/ready` tells which is not. Ready means once
attached to the bus, with who may do what read from it; then plans start and are steered without the database,
and are read without Kafka. Called by `__main__`, and by `openapi`, for which nothing may connect before the
lifespan begins.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.chassis.access.book import AccessBook
from agentbus.chassis.auth import Access
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_app
from agentbus.contracts.payloads import Team
from agentbus.contracts.topics import COMMANDS
from agentbus.kernel.clock import SystemClock
from agentbus.mongo.client import connect
from agentbus.mongo.messages import MessageStore
from agentbus.mongo.plans import PlanStore
from agentbus.plans.access_acts import AccessParts
from agentbus.plans.access_log import AccessLog
from agentbus.plans.access_routes import ACCESS
from agentbus.plans.log_clock import LogClock
from agentbus.plans.plan_bus import KafkaPlanBus
from agentbus.plans.ports import Parts
from agentbus.plans.routes import API, HEALTH
from agentbus.plans.settings import PlansSettings
from agentbus.plans.teams import known_teams
from agentbus.plans.watches import BusWatches

SERVICE = "plans"


def build(settings: PlansSettings) -> FastAPI:
    """Returns the service. Raises Fatal for a team that is none, and for tokens without a secret."""
    health = Health()
    teams = known_teams(settings.teams)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            access = Access(settings, settings.bus_address(f"{SERVICE}-{settings.instance}"))
            stack.push_async_callback(access.stop)
            await access.start()
            app.state.access = access
            app.state.parts = await _parts(settings, teams, access.book, health, stack)
            yield

    routers = [API, ACCESS, HEALTH]
    app = build_app(settings, service=SERVICE, lifespan=lifespan, routers=routers, health=health)
    app.description = "Submit plans to teams of agents, read what they said and did, approve, answer, cancel."
    return app


async def _parts(
    settings: PlansSettings,
    teams: Mapping[str, Team],
    book: AccessBook,
    health: Health,
    stack: AsyncExitStack,
) -> Parts:
    address = settings.bus_address(f"{SERVICE}-{settings.instance}")
    database = connect(settings.mongo_url, settings.mongo_database, **settings.database_options())
    stack.callback(database.close)
    producer = Producer(address)
    stack.push_async_callback(producer.stop)
    await producer.start()
    reader = Reader(address, timeout_seconds=settings.lookup_seconds)
    stack.push_async_callback(reader.stop)
    await reader.start()
    watches = BusWatches(address, settings.waits_limit)
    stack.push_async_callback(watches.stop)
    await watches.start()

    async def kafka() -> None:
        await reader.partitions(COMMANDS)

    health.check("access", book.check)
    health.check("tail", watches.check)
    health.check("kafka", kafka, needed=False)
    health.check("database", database.ping, needed=False)
    health.on_stop(watches.end_waits)
    clock = SystemClock()
    log_clock = LogClock(clock)
    access_log = AccessLog(
        producer,
        reader,
        book,
        acknowledge_seconds=settings.acknowledge_seconds,
        lookup_seconds=settings.lookup_seconds,
    )
    return Parts(
        plans=PlanStore(database),
        messages=MessageStore(database),
        bus=KafkaPlanBus(
            producer,
            reader,
            log_clock,
            acknowledge_seconds=settings.acknowledge_seconds,
            lookup_seconds=settings.lookup_seconds,
        ),
        watches=watches,
        access=AccessParts(book, access_log, clock),
        clock=log_clock,
        teams=teams,
        start_valid_for=timedelta(seconds=settings.start_valid_seconds),
        stored_wait_seconds=settings.stored_wait_seconds,
    )
