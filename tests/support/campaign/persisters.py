"""kill -9 of one of two persisters in the middle of a batch, and of the partitions' moving."""

import asyncio

from support.campaign.fault import Fault
from support.campaign.plans import plans_of
from support.database_proxy import DatabaseProxy, Write
from support.system import System

PART, SECOND = "persister", "persister-2"
WRITTEN_SECONDS = 60


class PersisterKilledInBatch(Fault):
    """What it wrote last was stored, and it never came to know: the other one is given those records again.

    The first persister's writes are stored and not answered. While they wait, a second persister joins, so
    that the partitions move in the middle of a batch; then the first one is killed, with the batch in hand.
    """

    name = "persister (1 of 2): kill -9 in a batch"
    what = "a second persister joins while a batch is stored and unanswered; then the first is killed"

    def __init__(self, proxy: DatabaseProxy) -> None:
        self._proxy = proxy
        self._stored, self._over = asyncio.Event(), asyncio.Event()
        self._joined = False

    async def inflict(self, system: System) -> None:
        with self._proxy.ruled(self._never_answered):
            # Something to write, should the load have ended on busy cores.
            async with plans_of(system) as plans:
                await plans.submit({"messages": 3})
            async with asyncio.timeout(WRITTEN_SECONDS):
                await self._stored.wait()
            await system.stack.start(SECOND, {})
            self._joined = True
            await system.stack.kill(PART)
        self._over.set()

    async def clear(self, system: System) -> None:
        if self._joined:
            await system.stack.stop(SECOND)

    async def _never_answered(self, write: Write) -> bytes:
        await write.perform()
        self._stored.set()
        await self._over.wait()
        raise ConnectionResetError("the answer is lost")
