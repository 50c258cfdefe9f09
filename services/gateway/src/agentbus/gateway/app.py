"""The composition root: what the gateway is made of. The only place where its adapters are built."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from agentbus.bus.lookup import find_record, find_start
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.bus.tail import Tail
from agentbus.chassis.auth import Access, require_way_in
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_app
from agentbus.contracts.topics import MESSAGES, STREAMING, WORKSPACE_CHANGES, WORKSPACE_PRESENCE
from agentbus.gateway import instruments
from agentbus.gateway.access import Entrance
from agentbus.gateway.catch_up import Sources
from agentbus.gateway.directory import Directory
from agentbus.gateway.hub import Hub
from agentbus.gateway.memory import Memory
from agentbus.gateway.neighbours import Neighbours
from agentbus.gateway.room import Room
from agentbus.gateway.server import SocketServer
from agentbus.gateway.session import Sessions
from agentbus.gateway.settings import GatewaySettings
from agentbus.gateway.workspace_room import Bounds, WorkspaceRoom
from agentbus.gateway.workspace_session import Stretch, WorkspaceSessions
from agentbus.kernel.clock import SystemClock
from agentbus.kernel.errors import Transient
from agentbus.mongo.client import connect
from agentbus.mongo.messages import MessageStore
from agentbus.mongo.plans import PlanStore

SERVICE = "gateway"
ATTACH_SECONDS = 2.0
"""How long a start waits for Kafka; after that it goes on trying, and the gateway is not ready."""


class Gateway:
    """The gateway without its operations HTTP: sockets on one side, the bus and the database on the other."""

    def __init__(self, settings: GatewaySettings) -> None:
        address = settings.bus_address(f"gateway-{settings.instance}")
        self.database = connect(settings.mongo_url, settings.mongo_database, **settings.database_options())
        self.reader = Reader(address)
        self.producer = Producer(address)
        topics = [MESSAGES, STREAMING, WORKSPACE_CHANGES, WORKSPACE_PRESENCE]
        self.tail = Tail(address, topics, self._on_records)
        clock = SystemClock()
        self.neighbours = Neighbours(self.producer, clock, settings.gateway_presence_heartbeat_seconds)
        memory = Memory(settings.gateway_recent_total_bytes, settings.gateway_recent_total_bytes)
        open_plan = partial(Room, early_bytes=settings.gateway_early_bytes, memory=memory)
        self.hub = Hub(self.tail, MESSAGES, open_plan, instruments.PLANS)
        self.directory = Directory(
            PlanStore(self.database),
            find_start=partial(find_start, self.reader),
            find_record=partial(find_record, self.reader),
            at_once=settings.gateway_lookups_at_once,
            within_seconds=settings.gateway_lookup_seconds,
        )
        sources = Sources(
            MessageStore(self.database),
            self.reader,
            memory,
            page_messages=settings.gateway_history_page_messages,
            recent_bytes=settings.gateway_recent_bytes,
        )
        plans = Sessions(
            hub=self.hub,
            directory=self.directory,
            log=self.reader,
            sources=sources,
            commands=self.producer,
            clock=clock,
            reads_at_once=settings.gateway_history_reads_at_once,
            patience_seconds=settings.gateway_history_patience_seconds,
            ping_interval_seconds=settings.gateway_ping_interval_seconds,
        )
        bounds = Bounds(
            recent_bytes=settings.gateway_recent_bytes,
            early_bytes=settings.gateway_early_bytes,
            change_bytes=settings.gateway_workspace_change_bytes,
            presence_seconds=settings.gateway_presence_interval_seconds,
        )
        open_workspace = partial(WorkspaceRoom, bounds=bounds, memory=memory, neighbours=self.neighbours)
        self.workspaces = Hub(self.tail, WORKSPACE_CHANGES, open_workspace, instruments.WORKSPACES)
        workspaces = WorkspaceSessions(
            hub=self.workspaces,
            log=self.reader,
            memory=memory,
            clock=clock,
            bounds=bounds,
            stretch=Stretch(
                settings.gateway_workspace_history_records, settings.gateway_workspace_history_seconds
            ),
            reads_at_once=settings.gateway_history_reads_at_once,
            ping_interval_seconds=settings.gateway_ping_interval_seconds,
        )
        self.access = Access(settings, address)
        entrance = Entrance(settings, self.access, clock)
        self.sockets = SocketServer({"plan": plans, "workspace": workspaces}, entrance, settings)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serves sockets for the length of the block; ends them in order, before what they stand on."""
        async with AsyncExitStack() as stack:
            stack.callback(self.database.close)
            await self.reader.start()
            stack.push_async_callback(self.reader.stop)
            await self.producer.start()
            stack.push_async_callback(self.producer.stop)
            await self.tail.start(wait_seconds=ATTACH_SECONDS)
            stack.push_async_callback(self.tail.stop)
            await self.neighbours.start()
            stack.push_async_callback(self.neighbours.stop)
            await self.access.start()
            stack.push_async_callback(self.access.stop)
            await self.sockets.start()
            stack.push_async_callback(self.sockets.stop)
            yield

    async def attached(self) -> None:
        """Raises Transient until the live end of the topics was found."""
        if not self.tail.attached:
            raise Transient("not attached to the live end of the topics yet")

    async def bus_answers(self) -> None:
        """Raises Transient while Kafka is away."""
        await self.reader.end_offset(MESSAGES, 0)

    def _on_records(self, records: list[Record]) -> None:
        if records[0].topic == WORKSPACE_PRESENCE:
            self.neighbours.on_records(records)
        elif records[0].topic == WORKSPACE_CHANGES:
            self.workspaces.on_records(records)
        else:
            self.hub.on_records(records)


def build(settings: GatewaySettings) -> FastAPI:
    """Returns the gateway's operations HTTP, which runs the gateway for as long as it is served.

    Raises Fatal without anything to check tokens with. Ready means attached to the live end once, and that it
    was known once who may do what. While the bus is away, sockets stay open and history comes from the
    database; without that it comes from the bus.
    """
    require_way_in(settings)
    health = Health()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        gateway = Gateway(settings)
        health.check("tail", gateway.attached)
        health.check("access", gateway.access.book.check, needed=settings.auth == "token")
        health.check("bus", gateway.bus_answers, needed=False)
        async with gateway.running():
            yield

    return build_app(settings, service=SERVICE, lifespan=lifespan, routers=[], health=health)
