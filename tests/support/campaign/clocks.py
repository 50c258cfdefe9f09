"""Faults of one service's clock: libfaketime moves a running process' time of day, not its seconds."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jwt
import libfaketime  # type: ignore[import-untyped]
from support.campaign.fault import Fault
from support.compose_stack import ComposeStack
from support.eventually import eventually
from support.system import System, environment, token

from agentbus.embedded.stack import Stack

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
HOUR_SECONDS = 3600
SUBMIT_SECONDS = 90


def long_token(stack: Stack | ComposeStack) -> str:
    """Returns an access token that holds by clocks an hour wrong: tokens, unlike starts, go by them."""
    claims = jwt.decode(token(stack), options={"verify_signature": False})
    claims |= {"iat": claims["iat"] - 2 * HOUR_SECONDS, "exp": claims["exp"] + 2 * HOUR_SECONDS}
    return jwt.encode(claims, stack.layout.secret(), algorithm="HS256")


class ClockJumps(Fault):
    """A service starts with a clock an hour behind, and while it runs that jumps to an hour ahead."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.name = f"{part}: clock jumps by 2 h"
        self.what = f"the clock of {part} is an hour behind, then jumps to an hour ahead (libfaketime)"
        self.seconds = 10
        self._file = Path(tempfile.mkdtemp()) / "offset"

    async def inflict(self, system: System) -> None:
        await asyncio.to_thread(self._file.write_text, f"-{HOUR_SECONDS}")
        await self._restart(system, environment() | self._preload())
        await self._plans_start(system)
        await asyncio.to_thread(self._file.write_text, f"+{HOUR_SECONDS}")
        await self._plans_start(system)

    async def clear(self, system: System) -> None:
        await self._restart(system, {})

    async def _restart(self, system: System, environment: Mapping[str, str]) -> None:
        await system.stack.stop(self.part)
        await system.stack.start(self.part, environment)

    def _preload(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    async def _plans_start(self, system: System) -> None:
        """Plans that are taken also start: none is void by a wrong clock."""
        for _ in range(3):
            plan_id = (await system.submit(inputs={"messages": 2}))["plan_id"]
            await eventually(lambda: _completed(system, plan_id), within=SUBMIT_SECONDS)  # noqa: B023  awaited at once


async def _completed(system: System, plan_id: str) -> None:
    plan = await system.plan(plan_id)
    assert plan["plan"]["status"] == "completed", plan["plan"]["status"]
