from collections.abc import AsyncIterator

import pytest
from support.persister_world import PersisterWorld, persister_world
from support.stack import Infra


@pytest.fixture
async def world(stack: Infra) -> AsyncIterator[PersisterWorld]:
    names = (stack.kafka_bootstrap, stack.mongo_url, stack.namespace())
    async with persister_world(*names) as world:
        yield world
