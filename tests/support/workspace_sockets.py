"""Changes on `workspace.changes`, and sockets of a gateway that hear them."""

from typing import Any
from urllib.parse import urlencode

import orjson
from support.gateway_service import GatewayService
from support.persister_world import PersisterWorld
from support.workspace_changes import change
from websockets.asyncio.client import ClientConnection, connect

from agentbus.bus.record import Outgoing
from agentbus.contracts.topics import WORKSPACE_CHANGES


async def publish(world: PersisterWorld, workspace_id: str, *seqs: int, **fields: Any) -> None:
    records = [
        Outgoing(WORKSPACE_CHANGES, workspace_id, orjson.dumps({**change(workspace_id, seq), **fields}))
        for seq in seqs
    ]
    await world.producer.send_all(records, timeout_seconds=30)


def open_socket(service: GatewayService, space: str, user: str = "ada", **changes: Any) -> connect:
    query = {"token": service.token(user, space, "viewer"), **changes}
    given = {name: value for name, value in query.items() if value is not None}
    port = service.gateway.sockets.port
    return connect(f"ws://127.0.0.1:{port}/api/v3/workspaces/{space}/socket?{urlencode(given)}")


async def heard(socket: ClientConnection, until: int) -> list[int | str]:
    """Returns changes by their number, and `resync`, up to and with the change `until`."""
    found: list[int | str] = []
    async for text in socket:
        frame = orjson.loads(text)
        if frame["type"] == "resync":
            found.append("resync")
        elif frame["type"] == "workspace_change":
            found.append(frame["data"]["seq"])
            if frame["data"]["seq"] >= until:
                break
    return found
