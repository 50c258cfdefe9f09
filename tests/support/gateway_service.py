"""A gateway on real Kafka and a real message database, beside the persister's world, and clients for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from pydantic import SecretStr
from support.persister_world import PersisterWorld
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from agentbus.chassis.auth import issue
from agentbus.contracts.topics import COMMANDS
from agentbus.gateway.app import Gateway
from agentbus.gateway.settings import GatewaySettings

SECRET = "0123456789abcdef0123456789abcdef"


class GatewayService:
    """A running gateway: `open` gives sockets, `frames` what comes over them."""

    def __init__(self, gateway: Gateway, settings: GatewaySettings) -> None:
        self.gateway = gateway
        self.settings = settings

    def token(
        self, user: str = "local", workspace: str = "default", role: str = "editor", minutes: float = 5
    ) -> str:
        return issue(self.settings, user, workspace, role, timedelta(minutes=minutes))

    def url(self, plan_id: str, **query: Any) -> str:
        query = {"token": self.token(), "user_id": "local", **query}
        given = {name: value for name, value in query.items() if value is not None}
        return f"ws://127.0.0.1:{self.gateway.sockets.port}/api/v3/socket/{plan_id}?{urlencode(given)}"

    def open(self, plan_id: str, **query: Any) -> connect:
        """Returns the connection to be entered; the query's values can be replaced or left out (None)."""
        return connect(self.url(plan_id, **query), max_size=None, max_queue=None, ping_interval=None)

    async def seqs(self, socket: ClientConnection, until: int) -> list[int]:
        """Returns the seqs that arrive, up to and with `until`."""
        return [message["seq"] for message in await self.messages(socket, until)]

    async def messages(self, socket: ClientConnection, until: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async for text in socket:
            data = orjson.loads(text)["data"]
            if "seq" in data:
                found.append(data)
                if data["seq"] >= until:
                    break
        return found


@asynccontextmanager
async def gateway_service(world: PersisterWorld, **changes: Any) -> AsyncIterator[GatewayService]:
    """Runs a gateway in this process, on the bus and database of `world`."""
    values: dict[str, Any] = {
        "kafka_bootstrap": world.settings.kafka_bootstrap,
        "mongo_url": world.settings.mongo_url,
        "mongo_database": world.settings.mongo_database,
        "mongo_call_seconds": world.settings.mongo_call_seconds,
        "namespace": world.settings.namespace,
        "auth_secret": SecretStr(SECRET),
        **changes,
    }
    settings = GatewaySettings(**values)
    gateway = Gateway(settings)
    async with gateway.running():
        yield GatewayService(gateway, settings)


async def next_frame(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Returns the data of the next frame of this type."""
    async for text in socket:
        frame: dict[str, Any] = orjson.loads(text)
        if frame["type"] == kind:
            data: dict[str, Any] = frame["data"]
            return data
    raise AssertionError(f"closed before {kind}: {socket.close_code} {socket.close_reason}")


async def close_of(socket: ClientConnection) -> tuple[int | None, str | None]:
    """Reads to the end; returns the close code and reason."""
    with suppress(ConnectionClosed):
        while True:
            await socket.recv()
    return socket.close_code, socket.close_reason


async def commands(world: PersisterWorld, plan_id: str) -> list[dict[str, Any]]:
    """Returns the plan's commands on the bus."""
    partition = await world.reader.partition_for(COMMANDS, plan_id)
    return [orjson.loads(each.value) async for each in world.reader.read(COMMANDS, partition, 0, key=plan_id)]
