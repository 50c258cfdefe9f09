"""The workspace service's composition root: the only place where its adapters are built.

Starts whether or not Kafka and PostgreSQL are up. Ready means: who may do what is known, and PostgreSQL holds
the newest schema. Without Kafka changes are made and pulled; they are published when it is back. Called by
`__main__`, and by `openapi`, for which nothing may connect before the lifespan begins.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.tail import Tail
from agentbus.chassis.auth import Access
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_app
from agentbus.contracts.topics import WORKSPACE_CHANGES
from agentbus.contracts.workspace import DOCUMENT_MAX_BYTES
from agentbus.kernel.clock import SystemClock
from agentbus.postgres.database import Database
from agentbus.postgres.relay import Relay
from agentbus.postgres.schema import Schema
from agentbus.workspace.imports.routes import IMPORTS
from agentbus.workspace.plan_subscriber import deliver_plans
from agentbus.workspace.ports import Parts
from agentbus.workspace.routes import API
from agentbus.workspace.secret_routes import SECRETS
from agentbus.workspace.settings import WorkspaceSettings
from agentbus.workspace.store import OUTBOX, SCHEMA
from agentbus.workspace.streams import Streams
from agentbus.workspace.subscribers import deliver, publisher
from agentbus.workspace.sync_routes import SYNC
from agentbus.workspace.turns import Turns
from agentbus.workspace.vault import Vault

SERVICE = "workspace"
_RECORD_BYTES = DOCUMENT_MAX_BYTES + 65_536


def build(settings: WorkspaceSettings) -> FastAPI:
    """Returns the service. Raises Fatal for tokens without a secret to check them with."""
    health = Health()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            access = Access(settings, settings.bus_address(f"{SERVICE}-{settings.instance}"))
            stack.push_async_callback(access.stop)
            await access.start()
            app.state.access = access
            app.state.parts = await _parts(settings, access, health, stack)
            yield

    routers = [API, SECRETS, SYNC, IMPORTS]
    app = build_app(settings, service=SERVICE, lifespan=lifespan, routers=routers, health=health)
    app.description = "Tasks and environments of a workspace: shared, audited, replicated to clients."
    return app


async def _parts(settings: WorkspaceSettings, access: Access, health: Health, stack: AsyncExitStack) -> Parts:
    address = settings.bus_address(f"{SERVICE}-{settings.instance}")
    database = Database(settings)
    stack.push_async_callback(database.stop)
    await database.start()
    schema = Schema(database, package="agentbus.workspace", schema=SCHEMA)
    await stack.enter_async_context(running("schema", schema.migrate_and_stay, health))
    await _relay(database, schema, address, health, stack)
    streams = Streams(limit=settings.streams_limit, limit_bytes=settings.stream_limit_bytes)
    tail = Tail(address, [WORKSPACE_CHANGES], partial(deliver, streams=streams))
    stack.push_async_callback(tail.stop)
    await tail.start(wait_seconds=1.0)
    turns, clock, limits = Turns(database), SystemClock(), settings.dead_letter_limits()
    plans = deliver_plans(address, database, turns, schema=schema, clock=clock, limits=limits)
    health.check("poison", plans.unhalted, needed=False)
    await stack.enter_async_context(running("plans", plans.run, health, stop=plans.stop))
    health.check("access", access.book.check)
    health.check("database", database.ping)
    health.check("schema", schema.check)
    health.on_stop(streams.end_all)
    live = partial(tail.position, WORKSPACE_CHANGES, 0)
    vault = Vault(settings.secret_keys)
    return Parts(database, turns, clock, vault, streams, access.book, live)


async def _relay(
    database: Database, schema: Schema, address: BusAddress, health: Health, stack: AsyncExitStack
) -> None:
    producer = Producer(address, max_record_bytes=_RECORD_BYTES)
    stack.push_async_callback(producer.stop)
    await producer.start()
    relay = Relay(database, OUTBOX, publisher(producer, acknowledge_seconds=15.0))

    async def relayed() -> None:
        await schema.made()
        await relay.run()

    await stack.enter_async_context(running("relay", relayed, health))
