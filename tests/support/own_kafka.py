"""A Kafka broker of one test's own, to be killed, frozen and started again."""

import asyncio
import os
import signal
from pathlib import Path

from support.eventually import eventually

from agentbus.bus.address import BusAddress
from agentbus.bus.reader import Reader
from agentbus.embedded import kafka
from agentbus.embedded.kafka_jars import fetch_jars
from agentbus.embedded.layout import Layout
from agentbus.embedded.ports import choose
from agentbus.kernel.errors import Invalid, Transient

READY_SECONDS = 60


class OwnKafka:
    """One broker in a folder; its log survives `kill` and `start`."""

    def __init__(self, home: Path) -> None:
        self._layout = Layout(home)
        port = choose(set())
        self._ports = {"kafka": port, "kafka-controller": choose({port})}
        self._process: asyncio.subprocess.Process | None = None
        self.bootstrap = f"127.0.0.1:{port}"

    async def start(self) -> None:
        """Starts it unless it runs, and waits until groups can be asked for."""
        if self._runs():
            self.thaw()
            return
        jars = await asyncio.to_thread(fetch_jars, _say_nothing)
        await asyncio.to_thread(self._prepare, jars)
        with (self._layout.home / "kafka.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *kafka.program(self._layout, jars).command, stdout=log, stderr=asyncio.subprocess.STDOUT
            )
        await eventually(self._answers, within=READY_SECONDS)

    async def kill(self) -> None:
        """As by a power cut of the broker alone."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        await self._process.wait()

    async def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)
        assert self._process is not None
        # The signal reaches its many threads one by one.
        await asyncio.to_thread(os.waitid, os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def stop(self) -> None:
        if self._runs():
            await self.kill()

    def _runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def _prepare(self, jars: Path) -> None:
        self._layout.home.mkdir(parents=True, exist_ok=True)
        kafka.prepare(self._layout, jars, self._ports)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    async def _answers(self) -> None:
        reader = Reader(BusAddress(self.bootstrap), timeout_seconds=1.0)
        try:
            await reader.committed("nobody", "nothing", 0)
        except Invalid:
            return
        except Transient as error:
            raise AssertionError(str(error)) from error
        finally:
            await reader.stop()


def _say_nothing(part: str, text: str, *, done: bool = False) -> None:
    pass
