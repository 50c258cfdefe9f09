from collections.abc import AsyncIterator

import httpx
import pytest
from support.stack import Infra
from support.telemetry_world import TelemetryWorld, telemetry_world


@pytest.fixture(scope="module")
async def telemetry(stack: Infra) -> AsyncIterator[TelemetryWorld]:
    """A bus and a database of the module's own; every test takes workspaces of its own by their names."""
    async with telemetry_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace()) as world:
        yield world


@pytest.fixture(scope="module")
async def telemetry_service(telemetry: TelemetryWorld) -> AsyncIterator[httpx.ASGITransport]:
    async with telemetry.service() as service:
        yield service
