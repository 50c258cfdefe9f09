"""A delivery that runs while a block does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agentbus.bus.delivery import Delivery


@asynccontextmanager
async def delivering(delivery: Delivery) -> AsyncIterator[Delivery]:
    """Runs `delivery` and stops it in order; passes on what it raised."""
    running = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        await delivery.stop()
        await running
