from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.plans_world import PlansWorld, plans_world
from support.stack import Infra

from agentbus.embedded.ports import choose


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
async def plans(stack: Infra) -> AsyncIterator[PlansWorld]:
    async with plans_world(stack.kafka_bootstrap, stack.mongo_url, stack.namespace()) as world:
        yield world


@pytest.fixture(scope="session")
async def service(plans: PlansWorld) -> AsyncIterator[httpx.ASGITransport]:
    async with plans.service() as service:
        yield service


@pytest.fixture
async def client(plans: PlansWorld, service: httpx.ASGITransport) -> AsyncIterator[httpx.AsyncClient]:
    async with plans.client(service) as client:
        yield client


@pytest.fixture
async def no_database(plans: PlansWorld) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose database is away."""
    nobody = f"mongodb://127.0.0.1:{choose(set())}"
    async with plans.service(mongo_url=nobody) as service, plans.client(service) as client:
        yield client
