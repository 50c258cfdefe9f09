"""All services as processes of their own, on a bus and a database of this module's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.service_processes import ServiceProcesses, all_services
from support.stack import Infra


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="module")
async def services(stack: Infra, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceProcesses]:
    """The five services, ready."""
    async with all_services(stack, tmp_path_factory.mktemp("services")) as running:
        yield running
