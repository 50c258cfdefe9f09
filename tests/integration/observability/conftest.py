from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from support.measured_workspace import Measured, make_tables, writing
from support.stack import Infra
from support.telemetry_world import TelemetryWorld, telemetry_world


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
async def telemetry(stack: Infra) -> AsyncIterator[TelemetryWorld]:
    async with telemetry_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace()) as world:
        await make_tables(world)
        yield world


@pytest.fixture(scope="session")
async def telemetry_service(telemetry: TelemetryWorld) -> AsyncIterator[httpx.ASGITransport]:
    async with telemetry.service() as service:
        yield service


@pytest.fixture
async def measured(
    telemetry: TelemetryWorld, telemetry_service: httpx.ASGITransport
) -> AsyncIterator[Measured]:
    name = f"w-{uuid4()}"
    async with (
        writing(telemetry, name) as rows,
        telemetry.client(telemetry_service, workspace=name) as client,
    ):
        yield Measured(name, rows, client)
