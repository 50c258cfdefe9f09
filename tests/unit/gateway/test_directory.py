"""Whose plan it is: looked up on the bus once for all who ask meanwhile, and never answered from before."""

import asyncio
from typing import Any

from support.runner_in_memory import start

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.gateway.directory import Directory

ASKING = 200


class Bus:
    """The starts on the bus, and how often they were looked for; answers when it is let go on."""

    def __init__(self) -> None:
        self.starts: dict[str, StartPlan] = {}
        self.lookups = 0
        self.go_on = asyncio.Event()

    async def find_start(self, plan_id: str) -> StartPlan | None:
        self.lookups += 1
        found = self.starts.get(plan_id)
        await self.go_on.wait()
        return found

    async def find_record(self, _plan_id: str) -> PlanRecord | None:
        return None

    async def get(self, _plan_id: str) -> dict[str, Any] | None:
        return None


def directory(bus: Bus) -> Directory:
    return Directory(bus, find_start=bus.find_start, find_record=bus.find_record, at_once=1, within_seconds=5)


async def asked(looking: Directory, times: int) -> list[asyncio.Task[Any]]:
    """Begins to ask, and returns when everyone waits for the bus."""
    tasks = [asyncio.create_task(looking.find("p")) for _ in range(times)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_many_who_ask_at_once_share_a_lookup() -> None:
    bus = Bus()
    bus.starts["p"] = start("p")
    tasks = await asked(directory(bus), ASKING)
    bus.go_on.set()
    assert {found.workspace_id for found in await asyncio.gather(*tasks)} == {"w"}
    assert bus.lookups == 1


async def test_one_who_leaves_does_not_end_it_for_the_others() -> None:
    bus = Bus()
    bus.starts["p"] = start("p")
    first, second = await asked(directory(bus), 2)
    first.cancel()
    bus.go_on.set()
    assert (await second).workspace_id == "w"


async def test_a_lookup_from_before_the_start_tells_nobody_who_asks_after_it() -> None:
    bus = Bus()
    looking = directory(bus)
    before = await asked(looking, 1)
    bus.starts["p"] = start("p")
    after = await asked(looking, ASKING)
    bus.go_on.set()
    assert await asyncio.gather(*before) == [None]
    assert all(found.workspace_id == "w" for found in await asyncio.gather(*after))
    assert bus.lookups == 2
