"""A runner on the session's Kafka, commands as a plan service sends them, and the log as readers see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from support.eventually import eventually
from support.scripted_team import ScriptedTeam
from support.stack import Infra

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import decode, encode
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.chassis.health import Health
from agentbus.contracts import topics
from agentbus.contracts.commands import PlanCommand, StartPlan
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.message import Message
from agentbus.contracts.timestamps import format_timestamp
from agentbus.plan.sequence import PlanSequence
from agentbus.runner.app import compose
from agentbus.runner.settings import RunnerSettings


class RunnerWorld:
    """A namespace of the broker, commands as a plan service sends them, the log as readers see it."""

    def __init__(self, infra: Infra, folder: Path) -> None:
        self.address = BusAddress(infra.kafka_bootstrap, infra.namespace())
        self.folder = folder
        self.producer = Producer(self.address)
        self.reader = Reader(self.address)

    @asynccontextmanager
    async def runner(self, name: str = "one") -> AsyncIterator[None]:
        settings = RunnerSettings(
            kafka_bootstrap=self.address.bootstrap,
            namespace=self.address.namespace,
            auth_secret=SecretStr("x" * 32),
            data_dir=self.folder / name,
            instance=name,
        )
        async with compose(settings, Health(), {"scripted": ScriptedTeam}):
            yield

    async def start(self, *, late: bool = False, require_hitl: bool = False, **inputs: Any) -> str:
        plan_id = new_id()
        now = datetime.now(UTC)
        await self.send(
            StartPlan(
                **self.common(plan_id),
                session_id="s",
                description="goal",
                team_id="scripted",
                require_hitl=require_hitl,
                inputs=inputs,
                request_hash="h",
                expires_at=format_timestamp(now + timedelta(seconds=-5 if late else 30)),
            )
        )
        return plan_id

    def common(self, plan_id: str) -> dict[str, str]:
        return {
            "command_id": new_id(),
            "plan_id": plan_id,
            "workspace_id": "w",
            "user_id": "u",
            "issued_at": format_timestamp(datetime.now(UTC)),
        }

    async def send(self, command: PlanCommand) -> None:
        await self.producer.send(
            topics.COMMANDS, command.plan_id, encode(command), schema="command.v1", timeout_seconds=60
        )

    async def log(self, plan_id: str) -> list[dict[str, Any]]:
        """Returns the plan's accepted messages."""
        partition = await self.reader.partition_for(topics.MESSAGES, plan_id)
        sequence = PlanSequence()
        found = []
        async for record in self.reader.read(topics.MESSAGES, partition, 0, key=plan_id):
            message = decode(record.value)
            if sequence.accept(message["seq"], message["attempt"]).accepted:
                found.append(message)
        return found

    async def until(self, plan_id: str, kind: str) -> list[dict[str, Any]]:
        """Returns the log once it has a message of type `kind`."""

        async def has_it() -> list[dict[str, Any]]:
            messages = await self.log(plan_id)
            assert kind in types(messages), types(messages)
            return messages

        return await eventually(has_it, within=30)


def types(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]


def check_order(messages: list[dict[str, Any]]) -> None:
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    for message in messages:
        Message.model_validate(message)
