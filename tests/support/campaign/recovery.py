"""When the system is well again after a fault, and whether every process is."""

import asyncio
import random
import time

import httpx
from support.campaign.plans import plans_of
from support.campaign.watcher import Watcher
from support.eventually import eventually
from support.system import System

from agentbus.bus.address import BusAddress
from agentbus.bus.reader import Reader
from agentbus.contracts.topics import MESSAGES
from agentbus.embedded.errors import NotRunning
from agentbus.embedded.parts import ALL, SERVICES, kind_of
from agentbus.embedded.stack import Stack
from agentbus.kernel.errors import Transient
from agentbus.persister.app import GROUP

RECOVERY_SECONDS = 120
PENDING_RECORDS = 200
"""What an outbox may hold under load: about a second of it."""


async def recovered(system: System) -> float:
    """Returns how many seconds it took from now until a new plan is stored and seen, with no backlog left."""
    began = time.monotonic()
    async with plans_of(system) as plans:
        plan_id = await plans.submit({"messages": 3})
        await eventually(lambda: plans.completed(plan_id), within=RECOVERY_SECONDS)
    await _seen(system, plan_id)
    await eventually(lambda: _outboxes_drained(system), within=RECOVERY_SECONDS)
    reader = Reader(BusAddress(system.stack.kafka_bootstrap))
    try:
        ends = await reader.end_offsets(MESSAGES)
        await eventually(lambda: _stored_up_to(reader, ends), within=RECOVERY_SECONDS)
    finally:
        await reader.stop()
    return time.monotonic() - began


async def all_well(system: System) -> None:
    """Raises AssertionError unless every process of the stack runs and does all of its work.

    A further instance may be stopped: the fault that brought it did so.
    """
    if not isinstance(system.stack, Stack):
        return
    rows = [row for row in await system.stack.status() if row.name in ALL or row.state != "STOPPED"]
    ill = [f"{row.name} is {row.state}" for row in rows if row.state != "RUNNING" or not row.ready]
    services = [row.name for row in rows if kind_of(row.name) in SERVICES]
    told = {name: await _health(system, name) for name in services}
    ill += [f"{name} says {status}" for name, status in told.items() if status != "ready"]
    assert not ill, ", ".join(ill)


async def _health(system: System, service: str) -> str:
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"http://127.0.0.1:{system.stack.port(service)}/health/ready")
    except httpx.TransportError as error:
        return repr(error)
    body = answer.json()
    return "ready" if body["status"] == "ready" else str(body)


async def _seen(system: System, plan_id: str) -> None:
    watcher = Watcher(system, plan_id, random.Random(0))
    async with asyncio.timeout(RECOVERY_SECONDS):
        await watcher.follow()
    assert watcher.done, watcher.problems


async def _outboxes_drained(system: System) -> None:
    try:
        pending = await system.metric("runner", "agentbus_runner_outbox_pending_records")
    except (httpx.TransportError, NotRunning) as error:
        raise AssertionError(repr(error)) from error
    assert pending < PENDING_RECORDS, f"the runner's outbox holds {pending:.0f} records"


async def _stored_up_to(reader: Reader, ends: dict[int, int]) -> None:
    try:
        committed = {partition: await reader.committed(GROUP, MESSAGES, partition) for partition in ends}
    except Transient as error:
        raise AssertionError(error.message) from error
    behind = sum(max(0, ends[partition] - committed[partition]) for partition in ends)
    assert not behind, f"the persister is {behind} records behind"
