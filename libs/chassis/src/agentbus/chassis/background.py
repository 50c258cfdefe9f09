"""Work that runs as long as the service: consumers, relays, tails. Called in a service's lifespan.

Guarantee: work that ends by itself, by an error or not, ends the whole process (it is restarted from outside)
instead of leaving a service that answers and does nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from agentbus.chassis.health import Health
from agentbus.kernel.errors import Fatal
from agentbus.observability.log import get_logger

_log = get_logger(__name__)


@asynccontextmanager
async def running(
    name: str,
    run: Callable[[], Awaitable[None]],
    health: Health,
    *,
    stop: Callable[[], Awaitable[None]] | None = None,
    grace_seconds: float = 8.0,
) -> AsyncIterator[None]:
    """Runs `run()` beside the block. At its end asks it to `stop`, waits, and cancels it after the grace."""
    stopping = False

    async def watched() -> None:
        try:
            await run()
        except Exception as error:  # noqa: BLE001  handed on to `serve`
            _log.error("background work failed", work=name, exc_info=error)
            health.fail(error)
        else:
            if not stopping:
                health.fail(Fatal(f"{name} ended by itself"))

    task = asyncio.create_task(watched(), name=name)
    try:
        yield
    finally:
        stopping = True
        await _end(name, task, stop, grace_seconds)


async def _end(
    name: str, task: asyncio.Task[None], stop: Callable[[], Awaitable[None]] | None, grace_seconds: float
) -> None:
    try:
        if stop is not None:
            async with asyncio.timeout(grace_seconds):
                await stop()
                await asyncio.shield(task)
    except TimeoutError:
        _log.warning("background work did not stop in time", work=name, grace_seconds=grace_seconds)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
