"""A gateway as a process of its own, so that its memory and descriptors can be seen from outside."""

import os
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from support.eventually import eventually
from support.persister_world import PersisterWorld

from agentbus.embedded.ports import choose


@dataclass
class GatewayProcess:
    """A running gateway that lets everyone in."""

    process: Process
    socket_port: int
    port: int

    @property
    def resident_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("the gateway has ended")

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    async def ready(self) -> bool:
        return (await self._get("/health/ready")).status_code == httpx.codes.OK

    async def closes(self) -> dict[int, int]:
        """Returns how many sockets it has closed, by code."""
        families = text_string_to_metric_families((await self._get("/metrics")).text)
        samples = [sample for family in families for sample in family.samples]
        closes = [each for each in samples if each.name == "agentbus_gateway_closes_total"]
        return {int(each.labels["code"]): int(each.value) for each in closes}

    async def _get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.get(f"http://127.0.0.1:{self.port}{path}")


@asynccontextmanager
async def gateway_process(world: PersisterWorld, **settings: str) -> AsyncIterator[GatewayProcess]:
    """Runs a gateway process on the bus and database of `world` until the block ends."""
    socket_port = choose(set())
    port = choose({socket_port})
    values = {
        "kafka_bootstrap": world.settings.kafka_bootstrap,
        "mongo_url": world.settings.mongo_url,
        "mongo_database": world.settings.mongo_database,
        "namespace": world.settings.namespace,
        "port": str(port),
        "socket_port": str(socket_port),
        "auth": "none",
        "log_level": "WARNING",
        **settings,
    }
    path = os.pathsep.join(entry for entry in sys.path if entry)
    variables = {f"AGENTBUS_{name.upper()}": value for name, value in values.items()}
    process = await create_subprocess_exec(
        sys.executable, "-m", "agentbus.gateway", env={**os.environ, "PYTHONPATH": path, **variables}
    )
    running = GatewayProcess(process, socket_port, port)

    async def is_ready() -> None:
        if process.returncode is not None:
            raise RuntimeError("the gateway ended")
        try:
            assert await running.ready()
        except httpx.TransportError as error:
            raise AssertionError from error

    try:
        await eventually(is_ready, within=30)
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
