"""Sessions of a gateway over a world in memory, and what they must come to."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import orjson
from support.gateway_world import MemoryCommands, MemoryLogReader, MemoryMessages, MemoryPlans, World

from agentbus.gateway.catch_up import Sources
from agentbus.gateway.directory import Directory
from agentbus.gateway.session import Sessions
from agentbus.kernel.clock import SystemClock
from agentbus.plan.sequence import PlanSequence

PLAN, OTHER = "plan", "other"


def sessions(world: World, *, page: int = 3, recent_bytes: int = 2_000, end: int = 0) -> Sessions:
    """Returns those of the gateway at this end of the world."""
    log = MemoryLogReader(world)

    async def nothing(_plan_id: str) -> Any:
        return None

    return Sessions(
        hub=world.ends[end].hub,
        directory=Directory(
            MemoryPlans(), find_start=nothing, find_record=nothing, at_once=2, within_seconds=5
        ),
        log=log,
        sources=Sources(
            MemoryMessages(world), log, world.memory, page_messages=page, recent_bytes=recent_bytes
        ),
        commands=MemoryCommands(),
        clock=SystemClock(),
        reads_at_once=2,
        patience_seconds=5,
        ping_interval_seconds=20,
    )


def accepted(world: World, plan_id: str = PLAN) -> list[dict[str, Any]]:
    """What every consumer agrees on."""
    sequence, found = PlanSequence(), []
    for record in world.records:
        if record.key == plan_id:
            read = orjson.loads(record.value)
            if sequence.accept(read["seq"], read["attempt"]).accepted:
                found.append(read)
    return found


def run(work: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
