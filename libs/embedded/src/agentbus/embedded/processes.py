"""The processes of a stack as an operator, or a fault, treats them. Base of `Stack`."""

import asyncio
import os
import signal
from contextlib import suppress

import psutil

from agentbus.embedded.errors import NotRunning
from agentbus.embedded.layout import Layout
from agentbus.embedded.orphans import end_orphans
from agentbus.embedded.supervision import Supervisor

_POLL_SECONDS = 0.02


class Processes:
    """Stops, kills, freezes single programs by name. Raises NotRunning for one that has no process."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._supervisor = Supervisor(layout)

    async def running(self) -> bool:
        """Says whether the stack is up: whether its supervisor answers."""
        return await self._supervisor.running()

    async def stop(self, name: str) -> None:
        """Stops the program as its operator would, and waits until it is gone."""
        await self._executed(name)
        await self._supervisor.stop(name)
        await self._supervisor.await_end(name)

    async def kill(self, name: str, *, restart: bool = True) -> None:
        """Kills the program (SIGKILL) and waits until it is gone.

        With `restart` the supervisor starts it again at once (await `ready`); without, it stays away until
        `start`.
        """
        pid = await self.pid(name)
        if not restart:
            # Frozen first, it cannot obey the supervisor's stop signal before the kill.
            os.kill(pid, signal.SIGSTOP)
            await self._supervisor.stop(name)
        os.kill(pid, signal.SIGKILL)
        await self._supervisor.await_end(name, pid)

    async def suspend(self, name: str) -> None:
        """Freezes the program and its children (SIGSTOP): alive, connected, and silent when it returns."""
        for process in await self._tree(name):
            process.suspend()
            while process.status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110  # at its next turn
                await asyncio.sleep(_POLL_SECONDS)

    async def resume(self, name: str) -> None:
        """Lets a frozen program go on (SIGCONT)."""
        for process in await self._tree(name):
            process.resume()

    async def pid(self, name: str) -> int:
        """Returns the program's process id. Raises NotRunning when it has none."""
        pid = (await self._supervisor.state(name)).pid
        if pid is None:
            raise NotRunning(f"{name} is not running")
        return pid

    async def kill_everything(self) -> None:
        """Kills every process of the stack, the supervisor first, as a power cut would. `up` recovers."""
        await self._supervisor.kill()
        await asyncio.to_thread(end_orphans, self.layout, grace_seconds=0)

    async def _executed(self, name: str) -> None:
        """Waits until the program's process runs the program.

        Between fork and exec it has the supervisor's signal handlers: a stop signal would be lost to it.
        """
        with suppress(NotRunning, psutil.NoSuchProcess):
            supervisor = psutil.Process(await self._supervisor.pid()).cmdline()
            while psutil.Process(await self.pid(name)).cmdline() == supervisor:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)

    async def _tree(self, name: str) -> list[psutil.Process]:
        process = psutil.Process(await self.pid(name))
        return [process, *process.children(recursive=True)]
