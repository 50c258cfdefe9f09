from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from support.stack import Infra
from support.workspace_world import ROOT, Home, WorkspaceWorld, workspace_world


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
async def workspaces(stack: Infra) -> AsyncIterator[WorkspaceWorld]:
    async with workspace_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace()) as world:
        yield world


@pytest.fixture(scope="session")
async def workspace_service(workspaces: WorkspaceWorld) -> AsyncIterator[httpx.ASGITransport]:
    async with workspaces.service() as service:
        yield service


@pytest.fixture
async def home(workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport) -> AsyncIterator[Home]:
    """A new workspace, and ann in it."""
    name = f"w-{uuid4()}"
    async with workspaces.client(workspace_service, workspace=name) as client:
        yield f"{ROOT}/{name}", client
