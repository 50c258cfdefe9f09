from collections.abc import AsyncIterator

import pytest
from support.own_database import own_database
from support.persister_world import PersisterWorld
from support.stack import Infra
from support.watched_world import watched_world

__all__ = ["own_database"]


@pytest.fixture
async def world(stack: Infra) -> AsyncIterator[PersisterWorld]:
    async with watched_world(stack) as world:
        yield world
