"""A plan service on a bus and a database of one test module's own; tests play runner and persister."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import orjson
from pydantic import SecretStr
from support.eventually import eventually
from support.made_topics import made_topics
from support.messages import message

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.codec import decode
from agentbus.bus.delivery import Delivery
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.chassis.auth import Role, issue
from agentbus.contracts.topics import COMMANDS, MESSAGES
from agentbus.mongo.client import Database, connect
from agentbus.mongo.messages import MessageStore
from agentbus.mongo.plans import PlanStore
from agentbus.plan.projection import apply
from agentbus.plans.app import build
from agentbus.plans.settings import PlansSettings


def plan_messages(plan_id: str, said: int = 2, **fields: Any) -> list[dict[str, Any]]:
    """Returns a whole plan's messages: created, started, `said` messages, result, completed."""
    created: dict[str, Any] = {
        "description": "Do it",
        "team": None,
        "require_hitl": False,
        "inputs": {},
        "request_hash": "",
    }
    types: list[tuple[str, dict[str, Any]]] = [
        ("plan_created", created),
        ("plan_started", {"steps": []}),
        *(("agent_message", {}) for _ in range(said)),
        ("final_result_message", {"status": "completed", "summary": "well"}),
        ("plan_completed", {"status": "completed"}),
    ]
    return [
        message(plan_id, seq, type=kind, payload=payload, **fields)
        for seq, (kind, payload) in enumerate(types, start=1)
    ]


@dataclass
class PlansWorld:
    """What a runner and a persister would do, and clients of the service."""

    settings: PlansSettings
    address: BusAddress
    producer: Producer
    reader: Reader
    database: Database
    messages: MessageStore = field(init=False)
    plans: PlanStore = field(init=False)

    def __post_init__(self) -> None:
        self.messages, self.plans = MessageStore(self.database), PlanStore(self.database)

    @asynccontextmanager
    async def service(self, **settings: Any) -> AsyncIterator[httpx.ASGITransport]:
        """Runs a plan service in this process, with some settings changed."""
        app = build(self.settings.model_copy(update=settings))
        async with app.router.lifespan_context(app):
            yield httpx.ASGITransport(app)

    def token(self, user: str = "ann", workspace: str = "default", role: Role = Role.EDITOR) -> str:
        return issue(self.settings, user, workspace, role, timedelta(minutes=10))

    def client(self, service: httpx.ASGITransport, **who: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(**who)}"}
        return httpx.AsyncClient(transport=service, base_url="http://127.0.0.1", headers=headers, timeout=60)

    async def publish(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """As the runner does."""
        outgoing = [Outgoing(MESSAGES, each["plan_id"], orjson.dumps(each)) for each in messages]
        await self.producer.send_all(outgoing, timeout_seconds=30)

    async def store(self, messages: list[dict[str, Any]]) -> None:
        """As the persister does: the messages, then the plan that they tell."""
        await self.messages.append(messages)
        plan = await self.plans.get(messages[0]["plan_id"])
        for each in messages:
            plan = apply(plan, each)
        assert plan is not None
        await self.plans.save(plan)

    async def commands(self, plan_id: str) -> list[dict[str, Any]]:
        """Returns the commands to the plan, as the runner would read them."""
        partition = await self.reader.partition_for(COMMANDS, plan_id)
        return [decode(each.value) async for each in self.reader.read(COMMANDS, partition, 0, key=plan_id)]

    async def commands_sent(self) -> int:
        """Returns how many commands there are, to any plan."""
        return sum((await self.reader.end_offsets(COMMANDS)).values())

    async def commit(self, topic: str, group: str) -> None:
        """Commits all that is on the topic, as the group does when it has handled it."""

        async def handled(_batch: Batch) -> list[Poison]:
            return []

        delivery = Delivery(self.address, topics=[topic], group=group, handler=handled)
        run = asyncio.create_task(delivery.run())

        async def committed() -> None:
            for partition, end in (await self.reader.end_offsets(topic)).items():
                assert await self.reader.committed(group, topic, partition) == end

        try:
            await eventually(committed, within=30)
        finally:
            await delivery.stop()
            await run


@asynccontextmanager
async def plans_world(kafka_bootstrap: str, mongo_url: str, namespace: str) -> AsyncIterator[PlansWorld]:
    settings = PlansSettings(
        kafka_bootstrap=kafka_bootstrap,
        mongo_url=mongo_url,
        mongo_database=namespace.rstrip("."),
        namespace=namespace,
        auth="token",
        auth_secret=SecretStr("s" * 32),
        stored_wait_seconds=3.0,
        mongo_call_seconds=60.0,  # other tests take their share of this machine
    )
    address = BusAddress(kafka_bootstrap, namespace)
    async with made_topics(address):
        producer, reader = Producer(address), Reader(address)
        database = connect(mongo_url, settings.mongo_database, **settings.database_options())
        await producer.start()
        try:
            world = PlansWorld(settings, address, producer, reader, database)
            await world.messages.ensure_indexes()
            yield world
            await database.drop()
        finally:
            await producer.stop()
            await reader.stop()
            database.close()
