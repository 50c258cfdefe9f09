"""Which system a command talks to: what its options or `AGENTBUS_…` variables name, else this clone's stack.

Used by every command that is a client.
"""

import os
from datetime import timedelta
from typing import Annotated, Final

import typer
from pydantic import SecretStr, ValidationError

from agentbus.bus.address import BusAddress
from agentbus.bus.settings import BusSettings
from agentbus.chassis.access.identity import DEFAULT_USER, DEFAULT_WORKSPACE, Role
from agentbus.chassis.access.tokens import issue
from agentbus.chassis.settings import ServiceSettings
from agentbus.embedded.postgres import service_url
from agentbus.embedded.safeguards import USER
from agentbus.embedded.stack import Stack
from agentbus.kernel.errors import Fatal
from agentbus.mongo.client import Database, connect
from agentbus.mongo.settings import DatabaseSettings
from agentbus.postgres.database import Database as PostgresDatabase
from agentbus.postgres.settings import PostgresSettings

Name = Annotated[
    str | None, typer.Option("--name", help="Which stack; by default this clone's.", envvar="AGENTBUS_STACK")
]
Kafka = Annotated[
    str | None,
    typer.Option("--kafka", help="host:port of Kafka; else the stack's.", envvar="AGENTBUS_KAFKA_BOOTSTRAP"),
]
Mongo = Annotated[
    str | None,
    typer.Option(
        "--mongo", help="mongodb://… of the message database; else the stack's.", envvar="AGENTBUS_MONGO_URL"
    ),
]
Postgres = Annotated[
    str | None,
    typer.Option(
        "--postgres",
        help="postgresql://… of the services' database; else the stack's.",
        envvar="AGENTBUS_POSTGRES_URL",
    ),
]
DatabaseName = Annotated[
    str, typer.Option("--database", help="The database's name.", envvar="AGENTBUS_MONGO_DATABASE")
]
DEFAULT_DATABASE: Final = "agentbus"
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the system; else the stack's.", envvar="AGENTBUS_URL")
]
Token = Annotated[
    str | None,
    typer.Option("--token", help="Access token; else one is made for the stack.", envvar="AGENTBUS_TOKEN"),
]


def bus_address(kafka: str | None, name: str | None) -> BusAddress:
    """Returns where the bus is: `kafka` with the credentials of `AGENTBUS_KAFKA_…`, or the stack's.

    Raises NotRunning when it is to be the stack's and that was never up, Fatal for settings that are wrong.
    """
    if kafka is None:
        return Stack(name, namespace=os.environ.get("AGENTBUS_NAMESPACE", "")).bus_address("agentbus-cli")
    try:
        return BusSettings(kafka_bootstrap=kafka).bus_address("agentbus-cli")
    except ValidationError as error:
        raise _wrong(error) from None


def message_database(url: str | None, database: str, name: str | None) -> Database:
    """Returns the message database: at `url` with the credentials of `AGENTBUS_MONGO_…`, or the stack's.

    Raises as `bus_address`. Close it.
    """
    if url is None:
        stack = Stack(name)
        return connect(stack.mongo_url, database, **stack.database_options())
    try:
        settings = DatabaseSettings(mongo_url=url)
    except ValidationError as error:
        raise _wrong(error) from None
    return connect(url, database, **settings.database_options())


def service_database(url: str | None, name: str | None) -> PostgresDatabase:
    """Returns the services' database: at `url` with the credentials of `AGENTBUS_POSTGRES_…`, or the stack's.

    Raises as `bus_address`. Start and stop it.
    """
    try:
        return PostgresDatabase(PostgresSettings(postgres_url=url) if url else _of_stack(Stack(name)))
    except ValidationError as error:
        raise _wrong(error) from None


def _of_stack(stack: Stack) -> PostgresSettings:
    safeguards, url = stack.layout.safeguards, service_url(stack.layout)
    if not safeguards.made:
        return PostgresSettings(postgres_url=url)
    password = SecretStr(safeguards.database_password)
    return PostgresSettings(postgres_url=url, postgres_user=USER, postgres_password=password)


def api_url(url: str | None, name: str | None) -> str:
    """Returns the system's one origin. Raises NotRunning as `bus_address`."""
    return (url or Stack(name).url).rstrip("/")


def access_token(
    token: str | None,
    name: str | None,
    *,
    user: str | None = None,
    workspace: str = DEFAULT_WORKSPACE,
    role: Role = Role.EDITOR,
    lifetime: timedelta = timedelta(hours=12),
) -> str:
    """Returns `token`, or a new one signed with `AGENTBUS_AUTH_SECRET`, else with the stack's secret."""
    if token:
        return token
    secret = os.environ.get("AGENTBUS_AUTH_SECRET") or Stack(name).layout.secret()
    settings = ServiceSettings(auth_secret=SecretStr(secret))
    return issue(settings, user or DEFAULT_USER, workspace, role, lifetime)


def _wrong(error: ValidationError) -> Fatal:
    problems = error.errors(include_input=False, include_url=False)
    return Fatal("; ".join(problem["msg"].removeprefix("Value error, ") for problem in problems))
