"""The whole system in Docker, with the handles that the embedded stack has. Started by infra/compose/test."""

import asyncio
import os
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import run
from typing import Self

import httpx
from support.eventually import eventually

from agentbus.bus.address import BusAddress

_NAMES = {"ferretdb": "mongo"}


@dataclass(frozen=True)
class Secret:
    """What the tests sign tokens with."""

    value: str

    def secret(self) -> str:
        return self.value


@dataclass(frozen=True)
class ComposeStack:
    """The parts of a compose project. `runner-2` is a second container of `runner`."""

    compose: tuple[str, ...]
    url: str
    kafka_bootstrap: str
    mongo_url: str
    layout: Secret

    @classmethod
    def from_environment(cls) -> Self:
        """Returns the project that infra/compose/test has started."""
        return cls(
            tuple(shlex.split(os.environ["AGENTBUS_TEST_COMPOSE"])),
            os.environ["AGENTBUS_TEST_URL"],
            os.environ["AGENTBUS_KAFKA_BOOTSTRAP"],
            os.environ["AGENTBUS_MONGO_URL"],
            Secret(os.environ["AGENTBUS_AUTH_SECRET"]),
        )

    def bus_address(self, client_id: str) -> BusAddress:
        """Returns the bus; there is no password."""
        return BusAddress(self.kafka_bootstrap, client_id=client_id)

    def database_options(self) -> dict[str, str]:
        """Returns nothing: there is no password."""
        return {}

    def port(self, name: str) -> int:
        """Returns where this machine reaches the service's HTTP port."""
        return int(self._ask("port", name, "8080").rsplit(":", 1)[1])

    def log(self, name: str) -> Path:
        """Returns a file with the log as it is now."""
        with tempfile.NamedTemporaryFile("w", suffix=f"-{name}.log", delete=False) as file:
            file.write(self._ask("logs", "--no-color", _NAMES.get(name, name)))
        return Path(file.name)

    async def start(self, name: str, _environment: Mapping[str, str] | None = None) -> None:
        """Starts a part that was killed or stopped, or a second one; returns when it is ready."""
        service, _, number = name.partition("-")
        if number:
            await self._do(
                "up", "--detach", "--no-deps", "--no-recreate", "--scale", f"{service}={number}", service
            )
        else:
            await asyncio.to_thread(self._docker, "start", self._container(name))
        await eventually(lambda: self._ready(name), within=90)

    async def stop(self, name: str) -> None:
        """Stops a part in order."""
        await asyncio.to_thread(self._docker, "stop", self._container(name))

    async def kill(self, name: str, *, restart: bool = True) -> None:
        """Kills a part as `kill -9` does; without `restart` it stays down."""
        await asyncio.to_thread(self._docker, "kill", self._container(name))
        if restart:
            await self.start(name)

    async def suspend(self, name: str) -> None:
        """Halts a part, so that it hangs."""
        await asyncio.to_thread(self._docker, "pause", self._container(name))

    async def resume(self, name: str) -> None:
        """Lets a halted part go on."""
        await asyncio.to_thread(self._docker, "unpause", self._container(name))

    async def _ready(self, name: str) -> None:
        health = self._docker("inspect", "--format", "{{.State.Health.Status}}", self._container(name))
        assert health == "healthy", f"{name} is {health}"
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{self.url}/health")).status_code == 200

    def _container(self, name: str) -> str:
        service, _, number = name.partition("-")
        project = self.compose[self.compose.index("--project-name") + 1]
        labels = {
            "com.docker.compose.project": project,
            "com.docker.compose.service": _NAMES.get(service, service),
            "com.docker.compose.container-number": number or "1",
        }
        filters = [word for key, value in labels.items() for word in ("--filter", f"label={key}={value}")]
        return self._docker("ps", "--all", "--quiet", *filters)

    def _ask(self, *words: str) -> str:
        return run([*self.compose, *words], check=True, capture_output=True, text=True).stdout.strip()

    async def _do(self, *words: str) -> None:
        await asyncio.to_thread(self._ask, *words)

    def _docker(self, *words: str) -> str:
        return run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()
