"""A bus and a message database of one test's own, and persisters between them."""

import os
import signal
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from support.eventually import eventually
from support.made_topics import made_topics

from agentbus.bus.address import BusAddress
from agentbus.bus.dead_letter import DeadLetter, parse
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.contracts.topics import MESSAGES, dead_letter_topic, topics
from agentbus.mongo.client import Database, connect
from agentbus.mongo.messages import MessageStore
from agentbus.mongo.plans import PlanStore
from agentbus.persister.app import GROUP, build
from agentbus.persister.settings import PersisterSettings


@dataclass
class PersisterWorld:
    """`publish` what a runner would, run persisters, look at what is stored."""

    settings: PersisterSettings
    producer: Producer
    reader: Reader
    database: Database
    messages: MessageStore = field(init=False)
    plans: PlanStore = field(init=False)

    def __post_init__(self) -> None:
        self.messages, self.plans = MessageStore(self.database), PlanStore(self.database)

    async def publish(self, messages: Iterable[Mapping[str, Any]]) -> None:
        await self.publish_raw((each["plan_id"], orjson.dumps(each)) for each in messages)

    async def publish_raw(self, records: Iterable[tuple[str, bytes]]) -> None:
        outgoing = [Outgoing(MESSAGES, key, value) for key, value in records]
        await self.producer.send_all(outgoing, timeout_seconds=60)

    @asynccontextmanager
    async def persister(self, **settings: Any) -> AsyncIterator[None]:
        """Runs a persister in this process."""
        app = build(self.settings.model_copy(update=settings))
        async with app.router.lifespan_context(app):
            yield

    async def start_process(self) -> Process:
        """Starts a persister as its own process, to be killed."""
        names = ("kafka_bootstrap", "mongo_url", "mongo_database", "namespace")
        variables = {f"AGENTBUS_{name.upper()}": str(getattr(self.settings, name)) for name in names}
        batch = {"AGENTBUS_PERSISTER_BATCH_RECORDS": "50", "AGENTBUS_LOG_LEVEL": "ERROR"}
        command = (sys.executable, "-m", "agentbus.persister")
        return await create_subprocess_exec(*command, env={**os.environ, **variables, **batch})

    async def all_committed(self, within: float) -> None:
        """Waits until every published record is committed by the persisters."""

        async def committed() -> None:
            for partition in range(topics()[MESSAGES].partitions):
                end = await self.reader.end_offset(MESSAGES, partition)
                assert await self.reader.committed(GROUP, MESSAGES, partition) == end

        await eventually(committed, within=within)

    async def dead_letters(self) -> list[DeadLetter]:
        return [parse(record) async for record in self.reader.read(dead_letter_topic(MESSAGES, GROUP), 0, 0)]


World = TypeVar("World", bound=PersisterWorld)


def persister_world(
    kafka_bootstrap: str, mongo_url: str, namespace: str
) -> AbstractAsyncContextManager[PersisterWorld]:
    return world_of(PersisterWorld, kafka_bootstrap, mongo_url, namespace)


@asynccontextmanager
async def world_of(
    kind: type[World], kafka_bootstrap: str, mongo_url: str, namespace: str
) -> AsyncIterator[World]:
    settings = PersisterSettings(
        kafka_bootstrap=kafka_bootstrap,
        mongo_url=mongo_url,
        mongo_database=namespace.rstrip("."),
        namespace=namespace,
        persister_success_window_seconds=3.0,
        mongo_call_seconds=60.0,  # other tests take their share of this machine
    )
    address = BusAddress(kafka_bootstrap, namespace)
    async with made_topics(address):
        producer, reader = Producer(address), Reader(address)
        database = connect(mongo_url, settings.mongo_database, **settings.database_options())
        await producer.start()
        try:
            yield kind(settings, producer, reader, database)
            await database.drop()
        finally:
            await producer.stop()
            await reader.stop()
            database.close()


async def kill(process: Process) -> None:
    """Kills the process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    await process.wait()
