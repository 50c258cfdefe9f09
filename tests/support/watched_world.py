"""A persister's world in which plans are known as a runner makes them: by a record on `agent.plans`."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from support.messages import message
from support.persister_world import PersisterWorld, world_of
from support.stack import Infra

from agentbus.bus.codec import encode
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.topics import PLANS


@dataclass
class WatchedWorld(PersisterWorld):
    """`publish` first writes the plan's record, once."""

    _recorded: set[str] = field(default_factory=set)

    async def publish(self, messages: Iterable[Mapping[str, Any]]) -> None:
        listed = list(messages)
        for each in listed:
            if each["plan_id"] not in self._recorded:
                self._recorded.add(each["plan_id"])
                value = encode(record_of(each))
                await self.producer.send(
                    PLANS, each["plan_id"], value, schema="plan_record.v1", timeout_seconds=60
                )
        await super().publish(listed)


def record_of(first: Mapping[str, Any]) -> PlanRecord:
    """Returns what the runner writes of a plan before its first message."""
    start = StartPlan(
        command_id="c",
        plan_id=first["plan_id"],
        workspace_id=first["workspace_id"],
        user_id=first["user_id"],
        issued_at=first["timestamp"],
        session_id=first["session_id"],
        description="watch",
        team_id="scripted",
        request_hash="",
        expires_at=first["timestamp"],
    )
    return PlanRecord(start=start, state="in_flight", messages_offset=0, updated_at=first["timestamp"])


@asynccontextmanager
async def watched_world(stack: Infra, mongo_url: str | None = None) -> AsyncIterator[WatchedWorld]:
    """As `persister_world`, with records."""
    url = mongo_url or stack.mongo_url
    async with world_of(WatchedWorld, stack.kafka_bootstrap, url, stack.namespace()) as world:
        yield world


async def known_plan(world: PersisterWorld, **fields: Any) -> str:
    """Returns a new plan with one message."""
    plan_id = str(uuid4())
    await world.publish([message(plan_id, 1, **fields)])
    return plan_id
