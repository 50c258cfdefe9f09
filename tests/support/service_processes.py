"""Every service as a process, without the edge, on a namespace and a database of one test module's own."""

import asyncio
import os
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
from pydantic import SecretStr
from support.eventually import eventually
from support.made_topics import made_topics
from support.stack import Infra
from support.system import TESTS, USER, WORKSPACE

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.chassis.auth import Role, issue
from agentbus.chassis.settings import ServiceSettings
from agentbus.embedded.ports import choose
from agentbus.mongo.client import Database, connect

SERVICES: Final = ("runner", "persister", "gateway", "plans", "telemetry")
SECRET: Final = "service-processes-" * 2
_STOP_SECONDS: Final = 30


@dataclass
class ServiceProcesses:
    """The running services, and the bus and the database that they share."""

    processes: Mapping[str, Process]
    ports: Mapping[str, int]
    folder: Path
    address: BusAddress
    producer: Producer
    reader: Reader
    database: Database
    token: str

    def client(self, service: str = "plans") -> httpx.AsyncClient:
        """Returns an HTTP client of one service that sends the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.ports[service]}", headers=headers, timeout=60
        )

    def socket_url(self, plan_id: str) -> str:
        """Returns where the plan's socket is."""
        port = self.ports["gateway-socket"]
        return f"ws://127.0.0.1:{port}/api/v3/socket/{plan_id}?user_id={USER}&token={self.token}"

    def log(self, service: str) -> str:
        """Returns what a service has logged."""
        return (self.folder / f"{service}.log").read_text(encoding="utf-8", errors="replace")

    def memory_bytes(self) -> dict[str, int]:
        """Returns the resident memory of each process."""
        return {name: psutil.Process(each.pid).memory_info().rss for name, each in self.processes.items()}

    async def submit(self, description: str, **fields: Any) -> str:
        """Starts a plan of the scripted team and returns its id."""
        body = {"description": description, "team_id": "scripted", **fields}
        async with self.client() as client:
            answer = await client.post("/api/v3/process_request", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["plan_id"])

    async def ended(self, plan_id: str, within: float = 60) -> dict[str, Any]:
        """Returns the plan once it is stored that it ended."""

        async def check() -> dict[str, Any]:
            async with self.client() as client:
                answer = await client.get("/api/v3/plan", params={"plan_id": plan_id})
            assert answer.status_code == 200, answer.text
            body: dict[str, Any] = answer.json()
            assert body["plan"]["status"] in ("completed", "failed", "canceled"), body["plan"]["status"]
            return body

        return await eventually(check, within=within)

    async def all_ready(self, within: float = 90) -> None:
        """Waits until every service lives and is ready."""

        async def check() -> None:
            for name, process in self.processes.items():
                assert process.returncode is None, f"{name} ended: {self.log(name)[-2000:]}"
                try:
                    async with self.client(name) as client:
                        answer = await client.get("/health/ready")
                except httpx.HTTPError as error:
                    raise AssertionError(f"{name}: {error!r}") from error
                assert answer.status_code == 200, f"{name}: {answer.text}"

        await eventually(check, within=within)


@asynccontextmanager
async def all_services(infra: Infra, folder: Path, **more: str) -> AsyncIterator[ServiceProcesses]:
    """Runs every service around the block; `more` are settings of all."""
    namespace, database_name = infra.namespace(), infra.database()
    address = BusAddress(infra.kafka_bootstrap, namespace, "tests")
    async with made_topics(address):
        taken: set[int] = set()
        ports = {}
        for name in (*SERVICES, "gateway-socket"):
            ports[name] = choose(taken)
            taken.add(ports[name])
        processes = {}
        database = connect(infra.mongo_url, database_name)
        producer, reader = Producer(address), Reader(address)
        await producer.start()
        await reader.start()
        settings = ServiceSettings(auth_secret=SecretStr(SECRET))
        token = issue(settings, USER, WORKSPACE, Role.EDITOR, timedelta(hours=1))
        python_path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            for name in SERVICES:
                environment = {
                    "AGENTBUS_KAFKA_BOOTSTRAP": infra.kafka_bootstrap,
                    "AGENTBUS_MONGO_URL": infra.mongo_url,
                    "AGENTBUS_MONGO_DATABASE": database_name,
                    "AGENTBUS_NAMESPACE": namespace,
                    "AGENTBUS_PORT": str(ports[name]),
                    "AGENTBUS_SOCKET_PORT": str(ports["gateway-socket"] if name == "gateway" else 0),
                    "AGENTBUS_AUTH_SECRET": SECRET,
                    "AGENTBUS_DATA_DIR": str(folder / name),
                    "AGENTBUS_TEAMS": "support.scripted_team:ScriptedTeam,support.careless_team:CarelessTeam",
                    "PYTHONPATH": python_path,
                    **more,
                }
                with (folder / f"{name}.log").open("wb") as log:
                    processes[name] = await create_subprocess_exec(
                        sys.executable,
                        "-m",
                        f"agentbus.{name}",
                        env={**os.environ, **environment},
                        stdout=log,
                        stderr=log,
                    )
            running = ServiceProcesses(processes, ports, folder, address, producer, reader, database, token)
            await running.all_ready()
            yield running
        finally:
            await asyncio.gather(*(_stopped(process) for process in processes.values()))
            await producer.stop()
            await reader.stop()
            await database.drop()
            database.close()


async def _stopped(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
