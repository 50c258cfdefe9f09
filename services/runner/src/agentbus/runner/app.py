"""Composition root of the runner: the only place where its adapters are built."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from agentbus.bus.delivery import Delivery
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.tail import Tail
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_ops_app
from agentbus.contracts import topics
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.teams import TEAMS
from agentbus.kernel.clock import SystemClock
from agentbus.runner.bounds import bound
from agentbus.runner.bus_log import KafkaLiveText, KafkaPlanMessages, KafkaPlanRecords
from agentbus.runner.bus_outbox import open_outbox
from agentbus.runner.drafts import Draft
from agentbus.runner.errors import InputError
from agentbus.runner.execution import Execution
from agentbus.runner.instruments import OUTBOX_PENDING
from agentbus.runner.ownership import Ownership
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.plan_run import PlanRun
from agentbus.runner.settings import RunnerSettings
from agentbus.runner.subscribers import CommandSubscriber, watch
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import Team
from agentbus.runner.teams.registry import TeamFactory, teams

GROUP = "runner"


def build(settings: RunnerSettings) -> FastAPI:
    """Returns the runner's app: health and metrics over HTTP, plans in its lifespan."""
    health = Health()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with compose(settings, health, teams(settings)):
            yield

    return build_ops_app(settings, service="runner", lifespan=lifespan, health=health)


@asynccontextmanager
async def compose(
    settings: RunnerSettings, health: Health, factories: Mapping[str, TeamFactory]
) -> AsyncIterator[Ownership]:
    """Builds the runner's parts and runs them around the block."""
    address = settings.bus_address(f"runner-{settings.instance}")
    clock = SystemClock()
    places = asyncio.Semaphore(settings.max_running_plans)
    async with AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(open_outbox(settings.data_dir / "outbox", address))
        OUTBOX_PENDING.set_function(outbox.pending)
        producer, live_producer, reader = Producer(address), Producer(address), Reader(address)
        for part in (producer, live_producer, reader):
            await part.start()
            stack.push_async_callback(part.stop)
        live = KafkaLiveText(live_producer)

        def run(log: PlanLog) -> PlanRun:
            time = RunningTime(places, settings.plan_limit_seconds)
            limit = settings.action_limit_seconds
            execution = Execution(log, live, time, clock, action_limit_seconds=limit)
            team = partial(_team, factories, log.start.team_id)
            return PlanRun(execution, time, team, ownership.ended, max_resumptions=settings.max_resumptions)

        ownership = Ownership(
            messages=KafkaPlanMessages(reader, producer),
            records=KafkaPlanRecords(reader, producer),
            outbox=outbox,
            clock=clock,
            run=run,
            created=partial(_created, factories),
            remembered_plans=settings.remembered_plans,
        )
        stack.push_async_callback(ownership.close)
        subscriber = CommandSubscriber(ownership)
        delivery = Delivery(
            address,
            topics=[topics.COMMANDS],
            group=GROUP,
            handler=subscriber.on_batch,
            on_assigned=subscriber.on_assigned,
            on_revoked=subscriber.on_revoked,
            limits=settings.dead_letter_limits(),
            span_for_batch=False,
        )
        health.check("poison", delivery.unhalted, needed=False)
        tail = Tail(address, [topics.MESSAGES], partial(watch, ownership))
        await tail.start(wait_seconds=1.0)
        stack.push_async_callback(tail.stop)
        health.check("kafka", partial(_answers, reader))
        await stack.enter_async_context(running("live text", live.run, health))
        await stack.enter_async_context(running("commands", delivery.run, health, stop=delivery.stop))
        yield ownership


async def _answers(reader: Reader) -> None:
    await reader.end_offset(topics.COMMANDS, 0)


def _team(factories: Mapping[str, TeamFactory], team_id: str) -> Team:
    if (factory := factories.get(team_id)) is None:
        known = ", ".join(sorted(factories))
        raise InputError(f"There is no team {team_id!r} on this runner. Known: {known}.", code="unknown_team")
    return factory()


def _created(factories: Mapping[str, TeamFactory], start: StartPlan) -> Draft:
    card = TEAMS.get(start.team_id)
    if card is None and start.team_id in factories:
        card = factories[start.team_id]().card
    inputs, cut = bound(start.inputs)
    team = card.model_dump(mode="json") if card else {"team_id": start.team_id, "name": start.team_id}
    payload = {
        "description": start.description,
        "team": team,
        "require_hitl": start.require_hitl,
        "inputs": {"cut": inputs} if cut else inputs,
        "request_hash": start.request_hash,
    }
    return Draft("plan_created", content=start.description, payload=payload, metadata={"key": "created"})
