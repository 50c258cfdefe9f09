from collections.abc import AsyncIterator

import pytest
from support.made_topics import made_topics
from support.own_kafka import OwnKafka
from support.stack import Infra
from support.work_topic import TOPICS

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader


@pytest.fixture
async def address(stack: Infra) -> AsyncIterator[BusAddress]:
    """Topic `work` with six partitions, and a dead letter for group `workers`, for this test alone."""
    address = BusAddress(stack.kafka_bootstrap, stack.namespace())
    async with made_topics(address, TOPICS):
        yield address


@pytest.fixture
async def producer(address: BusAddress) -> AsyncIterator[Producer]:
    producer = Producer(address)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def reader(address: BusAddress) -> AsyncIterator[Reader]:
    reader = Reader(address)
    yield reader
    await reader.stop()


@pytest.fixture(scope="module")
async def own_broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnKafka]:
    broker = OwnKafka(tmp_path_factory.mktemp("own") / "kafka")
    yield broker
    await broker.stop()


@pytest.fixture
async def own_kafka(own_broker: OwnKafka) -> OwnKafka:
    """A running broker that the test may kill or freeze."""
    await own_broker.start()
    return own_broker
