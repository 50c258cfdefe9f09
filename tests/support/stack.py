"""The session's Kafka and MongoDB, chosen by `AGENTBUS_TEST_STACK`: embedded, testcontainers or env.

The default is testcontainers where a Docker daemon answers and has the images, else embedded. What was asked
for and is not there fails the tests; it never skips them.
"""

import os
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import docker  # type: ignore[import-untyped]
import pytest
from docker.errors import DockerException  # type: ignore[import-untyped]
from support.eventually import eventually
from testcontainers.core.container import DockerContainer

from agentbus.bus.address import BusAddress
from agentbus.bus.provisioning import provision
from agentbus.embedded.ports import choose
from agentbus.embedded.readiness import ferretdb_probe
from agentbus.embedded.stack import Stack
from agentbus.kernel.errors import Transient

KAFKA_IMAGE: Final = "apache/kafka:4.1.0"
MONGO_IMAGE: Final = "mongo:8.0"
POSTGRES_IMAGE: Final = "pgvector/pgvector:0.8.1-pg17"


@dataclass(frozen=True)
class Infra:
    """Addresses that every test of the session shares; each takes a namespace and database of its own."""

    kafka_bootstrap: str
    mongo_url: str
    postgres_url: str = ""

    def namespace(self) -> str:
        """Returns a prefix for topics and groups that nobody else has; without its dot, a database name."""
        return f"t{uuid.uuid4().hex[:10]}."

    def database(self) -> str:
        """Returns the name of a database that nobody else has."""
        return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Infra]:
    """The infrastructure under test."""
    async with infra() as running:
        yield running


@asynccontextmanager
async def infra() -> AsyncIterator[Infra]:
    """Gives the infrastructure that `AGENTBUS_TEST_STACK` names; raises ValueError for another name."""
    kinds = {"embedded": _embedded, "testcontainers": _testcontainers, "env": _from_environment}
    chosen = os.environ.get("AGENTBUS_TEST_STACK") or ("testcontainers" if _has_images() else "embedded")
    if chosen not in kinds:
        raise ValueError(f"AGENTBUS_TEST_STACK={chosen}: choose from {', '.join(kinds)}")
    async with kinds[chosen]() as running:
        yield running


@contextmanager
def stack_home() -> Iterator[Path]:
    """A new folder for a stack's data, that PostgreSQL's system user can reach when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="agentbus-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "stack"


@asynccontextmanager
async def _embedded() -> AsyncIterator[Infra]:
    with stack_home() as home:
        async with Stack(home=home, parts=["infra"]) as running:
            yield Infra(running.kafka_bootstrap, running.mongo_url, running.postgres_url)


@asynccontextmanager
async def _from_environment() -> AsyncIterator[Infra]:
    names = ("AGENTBUS_KAFKA_BOOTSTRAP", "AGENTBUS_MONGO_URL", "AGENTBUS_POSTGRES_URL")
    yield Infra(*(os.environ[name] for name in names))


def _has_images() -> bool:
    if not _docker_answers():
        return False
    try:
        client = docker.from_env(timeout=5)
        try:
            return all(client.images.get(name) for name in (KAFKA_IMAGE, MONGO_IMAGE, POSTGRES_IMAGE))
        finally:
            client.close()
    except DockerException:
        return False


def _docker_answers() -> bool:
    # Asked before the docker library, which leaves a socket open where no daemon answers.
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        return probe.connect_ex(address.removeprefix("unix://")) == 0


@asynccontextmanager
async def _testcontainers() -> AsyncIterator[Infra]:
    port = choose(set())
    kafka = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in _kafka_settings(port).items():
        kafka.with_env(name, value)
    mongo = DockerContainer(MONGO_IMAGE).with_exposed_ports(27017)
    postgres = DockerContainer(POSTGRES_IMAGE).with_exposed_ports(5432)
    postgres.with_env("POSTGRES_HOST_AUTH_METHOD", "trust")
    with kafka, mongo, postgres:
        host = mongo.get_container_host_ip()
        mongo_port = int(mongo.get_exposed_port(27017))
        await eventually(lambda: _kafka_ready(f"127.0.0.1:{port}"), within=90)
        await eventually(lambda: _mongo_ready(mongo_port), within=60)
        postgres_url = f"postgresql://postgres@{host}:{postgres.get_exposed_port(5432)}/postgres"
        await eventually(lambda: _postgres_ready(postgres_url), within=60)
        yield Infra(f"127.0.0.1:{port}", f"mongodb://{host}:{mongo_port}", postgres_url)


def _kafka_settings(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    }


async def _kafka_ready(bootstrap: str) -> None:
    try:
        await provision(BusAddress(bootstrap, "ready."))
    except Transient as error:
        raise AssertionError(str(error)) from error


async def _mongo_ready(port: int) -> None:
    try:
        await ferretdb_probe(port)()
    except (OSError, EOFError) as error:
        raise AssertionError(str(error)) from error


async def _postgres_ready(url: str) -> None:
    try:
        await (await asyncpg.connect(url, timeout=2)).close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise AssertionError(str(error)) from error
