"""The supervisor (PyPI `supervisor`): restarts what crashes, rotates logs; asked over a Unix socket only."""

import asyncio
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

from agentbus.embedded.errors import EmbeddedError, NotRunning
from agentbus.embedded.layout import Layout
from agentbus.embedded.program import Program

_HEAD: Final = """\
[unix_http_server]
file={socket}
chmod=0600

[supervisord]
logfile={log}
logfile_maxbytes=5MB
logfile_backups=1
loglevel=info
pidfile={home}/supervisord.pid
childlogdir={home}/logs
identifier=agentbus
silent=true
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

"""
_POLL_SECONDS: Final = 0.02
_ALREADY_STARTED, _NOT_RUNNING, _BAD_NAME, _ALREADY_ADDED = 60, 70, 10, 90


@dataclass(frozen=True)
class ProgramState:
    """What the supervisor knows. `state` is its word: RUNNING, STARTING, BACKOFF, STOPPED, FATAL, …"""

    name: str
    state: str
    pid: int | None
    started: int
    uptime_seconds: int

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self.pid is not None


class Supervisor:
    """Talks to one stack's supervisor. Every call raises NotRunning when there is none."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._owned: subprocess.Popen[bytes] | None = None

    def configure(self, programs: Iterable[Program]) -> None:
        """Writes the settings file; holds secrets, so it is made for the owner's eyes alone."""
        layout = self._layout
        head = _HEAD.format(
            socket=layout.supervisor_socket,
            log=layout.log("supervisord"),
            home=layout.home,
            user="user=root\n" if os.geteuid() == 0 else "",
        )
        sections = [program.section(layout.log(program.name)) for program in programs]
        draft = layout.configuration.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join([head, *sections]))
        draft.replace(layout.configuration)

    async def launch(self, environment: Mapping[str, str], *, owned: bool) -> None:
        """Starts the supervisor, and no program yet. `owned`: it ends when this process does."""
        self._layout.supervisor_socket.unlink(missing_ok=True)
        configuration = str(self._layout.configuration)
        inherited = {**os.environ, **environment}
        if owned:
            command = [sys.executable, "-m", "agentbus.embedded.supervise", configuration]
            self._owned = subprocess.Popen(  # noqa: S603, ASYNC220  our own words; returns at once
                command,
                env=inherited,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        else:
            command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", configuration]
            await asyncio.to_thread(subprocess.run, command, check=True, env=inherited)
        async with asyncio.timeout(15):
            while not await self.running():
                if self._owned and self._owned.poll() is not None:
                    raise EmbeddedError(f"the supervisor ended: see {self._layout.log('supervisord')}")
                await asyncio.sleep(_POLL_SECONDS)

    async def running(self) -> bool:
        """Says whether the supervisor answers."""
        try:
            await self._call("getState")
        except NotRunning:
            return False
        return True

    async def states(self) -> dict[str, ProgramState]:
        """Returns every program's state by its name."""
        return {row["name"]: _state(row) for row in await self._call("getAllProcessInfo")}

    async def state(self, name: str) -> ProgramState:
        """Returns one program's state; raises NotRunning when the supervisor has no such program."""
        return _state(await self._call("getProcessInfo", name))

    async def start(self, name: str) -> None:
        """Asks for the program's start; does not wait for it."""
        await self._call("startProcess", name, False, accept=_ALREADY_STARTED)

    async def stop(self, name: str) -> None:
        """Asks for the program's end; does not wait for it."""
        await self._call("stopProcess", name, False, accept=_NOT_RUNNING)

    async def await_end(self, name: str, pid: int | None = None) -> None:
        """Returns when the program has no process, or, given `pid`, another one."""
        while True:
            state = await self.state(name)
            if not state.alive or (pid and state.pid != pid):
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def replace(self, name: str) -> None:
        """Takes over what the settings file now says of a program that is stopped or new."""
        await self._call("reloadConfig")
        await self._call("removeProcessGroup", name, accept=_BAD_NAME)
        await self._call("addProcessGroup", name, accept=_ALREADY_ADDED)

    async def shutdown(self) -> None:
        """Stops whatever runs, and the supervisor; returns when it is gone."""
        with contextlib.suppress(NotRunning):
            await self._call("shutdown")
        while await self.running():  # noqa: ASYNC110  another process sets no Event
            await asyncio.sleep(_POLL_SECONDS)
        await self._forget()

    async def kill(self) -> None:
        """Kills the supervisor alone (SIGKILL): its programs are left without it."""
        os.kill(await self.pid(), signal.SIGKILL)
        await self._forget()

    async def pid(self) -> int:
        """Returns the supervisor's own process id."""
        return int(await self._call("getPID"))

    async def _forget(self) -> None:
        if self._owned:
            await asyncio.to_thread(self._owned.communicate)
            self._owned = None

    async def _call(self, method: str, *arguments: object, accept: int = 0) -> Any:
        call = asyncio.ensure_future(asyncio.to_thread(self._call_now, method, arguments, accept))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            # It is on its way: whoever stops everything now has to meet what it started.
            await asyncio.wait([call])
            raise

    def _call_now(self, method: str, arguments: tuple[object, ...], accept: int) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._layout.supervisor_socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport, allow_none=True)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == accept:
                return None
            raise NotRunning(f"{method} {' '.join(map(str, arguments))}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException) as error:
            raise NotRunning("the stack is not running: start it with `agentbus up`") from error
        finally:
            transport.close()


def _state(row: dict[str, Any]) -> ProgramState:
    return ProgramState(
        name=row["name"],
        state=row["statename"],
        pid=row["pid"] or None,
        started=row["start"],
        uptime_seconds=max(0, row["now"] - row["start"]) if row["pid"] else 0,
    )
