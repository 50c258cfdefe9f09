"""Submitting a plan: at most one plan a key, on the bus or not at all, and waiting for its end there.

Nothing is kept here: what Kafka acknowledged holds, also when this process dies in the next moment. With an
`Idempotency-Key`, the first start of it on the log counts, whichever process wrote it. Called by `routes.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from agentbus.chassis.auth import Principal
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.http.plans import ProcessRequest
from agentbus.kernel.errors import Transient
from agentbus.plan.projection import PlanDocument
from agentbus.plans.directory import find
from agentbus.plans.instruments import SUBMITTED, WAITS
from agentbus.plans.model import check_repeats, created_by, outcome_status, start_command
from agentbus.plans.ports import Parts, Watch


@dataclass(frozen=True)
class Submitted:
    """The answer to a submission, and whether it has waited for the plan."""

    body: dict[str, Any]
    waited: bool


@dataclass(frozen=True)
class _Started:
    plan: PlanDocument
    repeated: bool


async def submit(
    request: ProcessRequest,
    who: Principal,
    *,
    key: str | None,
    wait_seconds: int | None,
    gone: Callable[[], Awaitable[None]],
    parts: Parts,
) -> Submitted:
    """Starts a plan, or finds the one that the same `key` started; with `wait_seconds` waits for its end.

    The wait, not the plan, ends early when the caller is `gone`: what waits is bounded in number.
    Raises Transient when Kafka did not acknowledge the start, UnknownTeam, BadInputs, KeyReused.
    """
    start = start_command(
        request,
        who,
        key=key,
        team_ids=frozenset(parts.teams),
        now=parts.clock.now(),
        valid_for=parts.start_valid_for,
    )
    if wait_seconds is None:
        return Submitted(_accepted((await _start(start, key, parts)).plan), waited=False)
    # Attached before the command is sent: so nothing that the plan says can be missed.
    until = parts.clock.monotonic() + wait_seconds
    async with parts.watches.watch(start.plan_id) as watch:
        started = await _start(start, key, parts)
        if watch is None:
            return Submitted(_accepted(started.plan), waited=False)
        watch.go_on_from(await _history(started.plan, parts) if started.repeated else [])
        ended = await _until_end(watch, max(0.0, until - parts.clock.monotonic()), gone)
        WAITS.labels("ended" if ended else "limit").inc()
        return Submitted(_outcome(started.plan, watch), waited=True)


async def _until_end(watch: Watch, seconds: float, gone: Callable[[], Awaitable[None]]) -> bool:
    async def give_up() -> None:
        await gone()
        watch.give_up()

    leaving = asyncio.create_task(give_up())
    try:
        return await watch.until_end(seconds)
    finally:
        leaving.cancel()


async def _start(start: StartPlan, key: str | None, parts: Parts) -> _Started:
    try:
        started = await (_start_new(start, parts) if key is None else _start_once(start, parts))
    except Transient:
        SUBMITTED.labels("unavailable").inc()
        raise
    SUBMITTED.labels("repeated" if started.repeated else "started").inc()
    return started


async def _start_new(start: StartPlan, parts: Parts) -> _Started:
    await parts.bus.send(start)
    return _Started(created_by(start), repeated=False)


async def _start_once(start: StartPlan, parts: Parts) -> _Started:
    position = await parts.bus.position(start.plan_id)
    earlier = await _earlier(start.plan_id, position, parts)
    if earlier is None:
        offset = await parts.bus.send(start)
        # Another process may have been asked the same at the same time: the first one on the log counts.
        rival = await parts.bus.first_start(start.plan_id, position, offset)
        if rival is None:
            return _Started(created_by(start), repeated=False)
        earlier = created_by(rival)
    check_repeats(start, earlier)
    return _Started(earlier, repeated=True)


async def _earlier(plan_id: str, position: int, parts: Parts) -> PlanDocument | None:
    """Returns the plan of this id; with the database away, as far back as commands are kept (7 days)."""
    try:
        return await find(plan_id, plans=parts.plans, bus=parts.bus)
    except Transient:
        start = await parts.bus.first_start(plan_id, None, position)
        return created_by(start) if start is not None else None


async def _history(plan: PlanDocument, parts: Parts) -> list[dict[str, Any]]:
    plan_id = plan["plan_id"]
    # In this order: what is committed as stored in between is in the database by then.
    unstored = await parts.bus.unstored_messages(plan_id)
    try:
        return [*await parts.messages.read(plan_id), *unstored]
    except Transient:
        return [message async for message in parts.bus.messages_since(plan_id, plan["created_at"])]


def _accepted(plan: PlanDocument) -> dict[str, Any]:
    return {"plan_id": plan["plan_id"], "status": plan["status"], "session_id": plan["session_id"]}


def _outcome(plan: PlanDocument, watch: Watch) -> dict[str, Any]:
    told = watch.plan or plan
    return {
        **_accepted(told),
        "status": outcome_status(told),
        "result": told["result"],
        "messages": watch.messages,
    }
