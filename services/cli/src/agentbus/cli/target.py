"""Which system a command talks to: what its options or `AGENTBUS_…` variables name, else this clone's stack.

Used by every command that is a client.
"""

import os
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import SecretStr

from agentbus.bus.address import BusAddress
from agentbus.chassis.auth import DEFAULT_USER, DEFAULT_WORKSPACE, Role, issue
from agentbus.chassis.settings import ServiceSettings
from agentbus.embedded.stack import Stack

Name = Annotated[
    str | None, typer.Option("--name", help="Which stack; by default this clone's.", envvar="AGENTBUS_STACK")
]
Kafka = Annotated[
    str | None,
    typer.Option("--kafka", help="host:port of Kafka; else the stack's.", envvar="AGENTBUS_KAFKA_BOOTSTRAP"),
]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the system; else the stack's.", envvar="AGENTBUS_URL")
]
Token = Annotated[
    str | None,
    typer.Option("--token", help="Access token; else one is made for the stack.", envvar="AGENTBUS_TOKEN"),
]


def bus_address(kafka: str | None, name: str | None) -> BusAddress:
    """Returns where the bus is. Raises NotRunning when it is to be the stack's and that was never up."""
    return BusAddress(
        kafka or Stack(name).kafka_bootstrap, os.environ.get("AGENTBUS_NAMESPACE", ""), "agentbus-cli"
    )


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
