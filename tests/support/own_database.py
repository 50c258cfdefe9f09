"""A PostgreSQL and FerretDB of one test module's own, to be frozen, killed and started again."""

from collections.abc import AsyncIterator

import pytest
from support.stack import stack_home

from agentbus.embedded.stack import Stack


@pytest.fixture(scope="module")
async def own_database() -> AsyncIterator[Stack]:
    """Its program `ferretdb` is the one to `suspend`, `kill` and `start`."""
    with stack_home() as home:
        async with Stack(home=home, parts=["postgres", "ferretdb"]) as stack:
            yield stack
