from collections.abc import AsyncIterator

import pytest
from support.own_database import own_database
from support.stack import Infra

from agentbus.mongo.client import Database, connect

__all__ = ["own_database"]


@pytest.fixture(scope="session")
async def database(stack: Infra) -> AsyncIterator[Database]:
    database = connect(stack.mongo_url, stack.database())
    yield database
    await database.drop()
    database.close()
