"""The way in by an OIDC issuer without the bus: its keys over HTTP, memberships in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from support.access_records import member
from support.oidc_issuer import OidcIssuer

from agentbus.chassis.access import oidc
from agentbus.chassis.access.identity import Principal
from agentbus.chassis.access.key_set import KeySet
from agentbus.chassis.access.state import AccessState
from agentbus.chassis.settings import ServiceSettings


def settings(issuer: OidcIssuer, **more: Any) -> ServiceSettings:
    return ServiceSettings.model_validate({"oidc_issuer": issuer.url, "auth_secret": "s" * 32, **more})


class Door:
    """What `Access` is made of, without the bus."""

    def __init__(self, issuer: OidcIssuer, **more: Any) -> None:
        self.settings = settings(issuer, **more)
        self.keys = KeySet(self.settings)
        self.state = AccessState()

    def join(self, workspace_id: str, role: str, user_id: str = "ann") -> None:
        self.state.apply(*member(user_id, role, workspace_id), datetime.now(UTC))

    async def enter(self, token: str, workspace_id: str | None = None) -> Principal:
        key_id = oidc.key_id(token)
        if key_id is not None:
            await self.keys.learn(key_id)
        return oidc.identify(token, workspace_id, self.keys, self.state, self.settings)


@asynccontextmanager
async def door(issuer: OidcIssuer, **more: Any) -> AsyncIterator[Door]:
    made = Door(issuer, **more)
    made.join("w1", "editor")
    try:
        yield made
    finally:
        await made.keys.close()
