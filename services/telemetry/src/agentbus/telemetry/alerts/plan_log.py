"""What the log says of a plan right now, in bounded time: is it over, what came last. For `overdue`.

The tables of the aggregator are behind the log by its lag; before an alert is raised the log itself is asked,
so that one who lags raises no false alert. Two stretches of the partition are read: from the execution's
start on, and the newest.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from agentbus.bus.reader import Reader
from agentbus.contracts.alerts import LastMessage
from agentbus.contracts.message import TERMINAL_TYPES, Message
from agentbus.contracts.topics import MESSAGES
from agentbus.kernel.errors import Invalid, Transient
from agentbus.telemetry.alerts.executions import Execution
from agentbus.telemetry.handlers import parse

_SKEW: Final = timedelta(seconds=5)
"""How far the runner's clock may be before the broker's, which names the records' time."""

_START_RECORDS: Final = 5_000
_NEWEST_RECORDS: Final = 20_000
_NEWEST: Final = timedelta(seconds=60)
_ENDS: Final = frozenset({"action_completed", "action_failed"})
_LAST_MESSAGES: Final = 10
_NAMES_SHOWN: Final = 50
_NAME_CHARACTERS: Final = 100


@dataclass
class Glimpse:
    """What was read of a plan."""

    over: bool = False
    argument_bytes: dict[str, int] | None = None
    last: list[LastMessage] = field(default_factory=list)


class PlanLog:
    """Reads `agent.messages` for one plan at a time."""

    def __init__(self, reader: Reader, *, within_seconds: float = 1.5) -> None:
        self._reader = reader
        self._within_seconds = within_seconds

    async def glimpse(self, execution: Execution, now: datetime) -> Glimpse | None:
        """Returns what there is to say; None when Kafka does not answer in time."""
        seen = Glimpse()
        try:
            async with asyncio.timeout(self._within_seconds):
                async for message, size in self._messages(execution, now):
                    take(seen, message, size, execution)
        except (Transient, TimeoutError):
            return None
        return seen

    async def _messages(self, execution: Execution, now: datetime) -> AsyncIterator[tuple[Message, int]]:
        plan_id, reader = execution.plan_id, self._reader
        partition = await reader.partition_for(MESSAGES, plan_id)
        begin = await reader.offset_at(MESSAGES, partition, execution.started_at - _SKEW)
        end = await reader.end_offset(MESSAGES, partition)
        newest = await reader.offset_at(MESSAGES, partition, now - _NEWEST)
        pause = min(begin + _START_RECORDS, end)
        for start, stop in ((begin, pause), (max(pause, newest, end - _NEWEST_RECORDS), end)):
            if start >= stop:
                continue
            async for record in reader.read(MESSAGES, partition, start, stop, key=plan_id):
                with suppress(Invalid):
                    yield parse(record), len(record.value)


def take(seen: Glimpse, message: Message, size_bytes: int, execution: Execution) -> None:
    """Takes the next message of the plan in."""
    mine = message.action_id == execution.action_id
    if message.attempt < execution.attempt:
        return
    if message.type == "action_started" and mine:
        seen.argument_bytes, seen.over = _sizes(message.payload.get("arguments")), False
    elif message.type in TERMINAL_TYPES or (message.type in _ENDS and mine):
        seen.over = True
    elif message.type == "plan_resumed" and execution.action_id and message.attempt > execution.attempt:
        seen.over = True  # the action was stopped with its runner
    last = LastMessage(
        seq=message.seq,
        type=message.type,
        agent_name=message.agent_name[:_NAME_CHARACTERS],
        action_id=message.action_id,
        at=message.timestamp,
        size_bytes=size_bytes,
    )
    seen.last = [*seen.last, last][-_LAST_MESSAGES:]


def _sizes(arguments: Any) -> dict[str, int]:
    """Returns each argument's size as JSON, never its content."""
    if not isinstance(arguments, dict):
        return {}
    shown = list(arguments.items())[:_NAMES_SHOWN]
    return {str(name)[:_NAME_CHARACTERS]: len(orjson.dumps(value)) for name, value in shown}
