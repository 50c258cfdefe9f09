"""Faults of the message database, as the persister meets them."""

import asyncio
from itertools import count

from support.campaign.fault import Fault
from support.database_proxy import DatabaseProxy, Write
from support.system import System

PART = "ferretdb"
SLOW_SECONDS = 0.5


class DatabaseDown(Fault):
    """Killed, away for a while, started again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.name = f"database: down {seconds:g} s"
        self.what = f"the database is killed (SIGKILL) and started again after {seconds:g} s"

    async def inflict(self, system: System) -> None:
        await system.stack.kill(PART, restart=False)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            await system.stack.start(PART)


class DatabaseHangs(Fault):
    """Frozen: it keeps its connections and answers nothing."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.name = f"database: hangs {seconds:g} s"
        self.what = f"the database is stopped (SIGSTOP) and goes on (SIGCONT) after {seconds:g} s"

    async def inflict(self, system: System) -> None:
        await system.stack.suspend(PART)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            await system.stack.resume(PART)


class DatabaseRefuses(Fault):
    """Half of the writes fail; of those, half were done, and only the answer is lost."""

    def __init__(self, proxy: DatabaseProxy, seconds: float) -> None:
        self.seconds = seconds
        self.name = "database: refuses half"
        self.what = f"for {seconds:g} s a quarter of the writes is refused, a quarter done and not answered"
        self._proxy = proxy
        self._numbers = count()

    async def inflict(self, system: System) -> None:
        with self._proxy.ruled(self._rule):
            await asyncio.sleep(self.seconds)

    async def _rule(self, write: Write) -> bytes:
        match next(self._numbers) % 4:
            case 0:
                return write.refusal()
            case 2:
                await write.perform()
                raise ConnectionResetError("the answer is lost")
            case _:
                return await write.perform()


class DatabaseSlow(Fault):
    """Every write takes half a second longer."""

    def __init__(self, proxy: DatabaseProxy, seconds: float) -> None:
        self.seconds = seconds
        self.name = f"database: {SLOW_SECONDS * 1000:g} ms a write"
        self.what = f"for {seconds:g} s every write takes {SLOW_SECONDS:g} s longer"
        self._proxy = proxy

    async def inflict(self, system: System) -> None:
        with self._proxy.ruled(self._slow):
            await asyncio.sleep(self.seconds)

    async def _slow(self, write: Write) -> bytes:
        await asyncio.sleep(SLOW_SECONDS)
        return await write.perform()
