from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.stack import Infra
from support.workspace_world import made_database

from agentbus.postgres.database import Database
from agentbus.postgres.settings import PostgresSettings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture
async def database(stack: Infra) -> AsyncIterator[Database]:
    """An empty database of the test's own."""
    async with made_database(stack.postgres_url, stack.database()) as url:
        made = Database(PostgresSettings(postgres_url=url))
        await made.start()
        try:
            yield made
        finally:
            await made.stop()
