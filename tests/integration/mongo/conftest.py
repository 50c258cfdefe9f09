import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from agentbus.mongo.client import Database, connect


@pytest.fixture(scope="session")
async def database() -> AsyncIterator[Database]:
    database = connect(os.environ["AGENTBUS_MONGO_URL"], f"t{uuid4().hex[:12]}")
    yield database
    await database.drop()
    database.close()
