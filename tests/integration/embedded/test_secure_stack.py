"""A secure stack: the whole system runs a plan over TLS and passwords; who comes without is told what to do;
no password shows anywhere."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import trustme
from pydantic import SecretStr
from support.command_line import agentbus
from support.eventually import eventually
from support.stack import stack_home
from support.system import System, check_order, environment, token

from agentbus.bus.reader import Reader
from agentbus.bus.security import Security
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded.orphans import left_over
from agentbus.embedded.ports import choose
from agentbus.embedded.stack import Stack
from agentbus.kernel.errors import Transient
from agentbus.mongo.client import connect

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    with stack_home() as home:
        async with Stack(home=home, environment=environment(), secure=True) as running:
            yield running


@pytest.fixture(scope="module")
def system(stack: Stack) -> System:
    return System(stack, token(stack))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that has signed nothing here."""
    path = tmp_path_factory.mktemp("stranger") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


async def test_the_whole_system_runs_a_plan(system: System) -> None:
    plan_id = (await system.submit())["plan_id"]
    seen = await system.watch(plan_id)
    stored = (await system.ended(plan_id, within=120))["messages"]
    check_order(stored)
    assert stored == seen == await system.on_kafka(plan_id) == await system.in_database(plan_id)

    async def counted() -> None:
        assert await system.metric("telemetry", "agentbus_telemetry_messages_total") >= len(stored)

    await eventually(counted, within=60)


async def test_the_command_line_taps_the_stack_and_any_secure_kafka(stack: Stack, system: System) -> None:
    plan_id = (await system.submit())["plan_id"]
    await system.ended(plan_id, within=120)
    own = {"AGENTBUS_STATE_DIR": str(stack.layout.home.parent), "AGENTBUS_STACK": stack.layout.home.name}
    given = {
        **stack.layout.safeguards.environment(),
        "AGENTBUS_KAFKA_BOOTSTRAP": f"localhost:{stack.port('kafka')}",
    }
    for names in (own, given):
        ran = await agentbus("tap", MESSAGES, environment=names)
        assert ran.code == 0, ran.err
        assert plan_id in {json.loads(line)["plan_id"] for line in ran.out.splitlines()}
    wrong = await agentbus("tap", MESSAGES, environment={**given, "AGENTBUS_KAFKA_PASSWORD": "wrong"})
    assert wrong.code == 1
    assert "check AGENTBUS_KAFKA_USER and AGENTBUS_KAFKA_PASSWORD" in wrong.err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": SecretStr("wrong")}, "refuses user agentbus: check AGENTBUS_KAFKA_USER and"),
        ({"ca_file": "stranger"}, "not trusted .*AGENTBUS_KAFKA_CA_FILE must hold"),
        ({"certificate_file": None}, "set AGENTBUS_KAFKA_CERTIFICATE_FILE"),
        ({"mechanism": "SCRAM-SHA-256"}, "does not take SCRAM-SHA-256"),
        ({"protocol": "SSL"}, "if a password, set AGENTBUS_KAFKA_SECURITY_PROTOCOL to SASL_SSL"),
        ({"protocol": "PLAINTEXT"}, "speaks TLS only: set AGENTBUS_KAFKA_SECURITY_PROTOCOL to SASL_SSL"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
async def test_kafka_lets_nobody_in_without(
    stack: Stack, stranger: Path, change: dict[str, Any], told: str
) -> None:
    address = stack.bus_address("stranger")
    wrong: dict[str, Any] = {
        name: stranger if value == "stranger" else value for name, value in change.items()
    }
    reader = Reader(replace(address, security=replace(address.security, **wrong)))
    try:
        async with asyncio.timeout(5):
            with pytest.raises(Transient, match=told):
                await reader.partitions(MESSAGES)
    finally:
        await reader.stop()


async def test_kafka_is_who_it_says(stack: Stack) -> None:
    """The host is checked: another address of the same broker is not in its certificate."""
    address = stack.bus_address("stranger")
    reader = Reader(replace(address, bootstrap=address.bootstrap.replace("127.0.0.1", "[::ffff:127.0.0.1]")))
    try:
        with pytest.raises(Transient, match=r"not trusted .*IP address mismatch"):
            await reader.partitions(MESSAGES)
    finally:
        await reader.stop()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": "wrong"}, "check AGENTBUS_MONGO_USER and AGENTBUS_MONGO_PASSWORD"),
        ({"username": None, "password": None, "authMechanism": None}, "check AGENTBUS_MONGO_USER and"),
        ({"tlsCAFile": "stranger"}, "not trusted: AGENTBUS_MONGO_CA_FILE must hold"),
        ({"tlsCertificateKeyFile": None}, "set AGENTBUS_MONGO_CERTIFICATE_FILE"),
        (None, "connection closed"),
    ],
    ids=["password", "nobody", "authority", "certificate", "plain"],
)
async def test_the_database_lets_nobody_in_without(
    stack: Stack, stranger: Path, change: dict[str, str | None] | None, told: str
) -> None:
    options = {} if change is None else {**stack.database_options(), **change}
    if options.get("tlsCAFile") == "stranger":
        options["tlsCAFile"] = str(stranger)
    given = {name: value for name, value in options.items() if value is not None}
    database = connect(stack.mongo_url, "agentbus", **given)
    try:
        with pytest.raises(Transient, match=told):
            await database.ping()
    finally:
        database.close()


@asynccontextmanager
async def _service(stack: Stack, name: str, changes: dict[str, str]) -> AsyncIterator[str]:
    """One more process of a service, with other settings; gives its address."""
    port = choose(set())
    settings = {**stack.settings(name), "AGENTBUS_PORT": str(port), **changes}
    log = stack.log(f"{name}-refused").open("wb")
    with log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"agentbus.{name}", env=settings, stdout=log, stderr=log
        )
        try:
            yield f"http://127.0.0.1:{port}/health/ready"
        finally:
            process.terminate()
            await process.wait()


@pytest.mark.parametrize(
    ("service", "variable", "check"),
    [
        ("telemetry", "AGENTBUS_KAFKA_PASSWORD", "kafka"),
        ("telemetry", "AGENTBUS_KAFKA_CA_FILE", "kafka"),
        ("persister", "AGENTBUS_MONGO_PASSWORD", "database"),
        ("persister", "AGENTBUS_MONGO_CA_FILE", "database"),
    ],
)
async def test_readiness_tells(stack: Stack, stranger: Path, service: str, variable: str, check: str) -> None:
    wrong = str(stranger) if variable.endswith("FILE") else "wrong"
    async with _service(stack, service, {variable: wrong}) as url, httpx.AsyncClient() as client:

        async def told() -> None:
            try:
                answer = await client.get(url)
            except httpx.TransportError as error:
                raise AssertionError(str(error)) from error
            assert answer.status_code == 503
            assert variable in answer.json()["checks"][check]["detail"]

        await eventually(told, within=90)


async def test_no_password_shows_anywhere(stack: Stack) -> None:
    """Not in a log, nor in a command line or environment, which the machine can see."""
    made = stack.layout.safeguards
    secrets = {made.broker_password, *(path.read_text() for path in made.secrets.iterdir())}
    assert len(secrets) == 4
    logs = [path for path in (stack.layout.home / "logs").iterdir() if path.stat().st_size]
    assert len(logs) >= 9
    for path in logs:
        assert not any(secret in path.read_text(errors="replace") for secret in secrets), path
    seen = [" ".join([*each.cmdline(), *each.environ().values()]) for each in _processes(stack)]
    assert seen
    assert not any(secret in text for text in seen for secret in secrets)
    assert not any(secret in stack.layout.configuration.read_text() for secret in secrets)
    shown = f"{stack.bus_address('x')!r} {stack.mongo_url} {stack.postgres_url} {stack.url}"
    assert not any(secret in shown for secret in secrets)


def _processes(stack: Stack) -> list[psutil.Process]:
    return [process for process in left_over(stack.layout) if process.status() != psutil.STATUS_ZOMBIE]


def test_only_the_owner_reads_certificates_and_passwords(stack: Stack) -> None:
    made = stack.layout.safeguards
    for path in (made.folder, made.secrets, made.client, made.server("kafka"), *made.secrets.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (stack.layout.home / "kafka.properties").stat().st_mode & 0o077 == 0


async def test_a_plain_stack_has_none(tmp_path: Path) -> None:
    assert Stack(home=tmp_path / "plain").bus_address("x").security == Security()
