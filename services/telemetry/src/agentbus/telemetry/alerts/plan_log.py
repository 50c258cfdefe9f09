"""What the log says of a plan right now, in bounded time: is it over, what came last. For `overdue`.

The tables of the aggregator are behind the log by its lag; before an alert is raised the log itself is asked,
so that one who lags raises no false alert. Read is what comes right after what is counted: there is the end
that the tables do not know of. Only if there is none, two stretches more: from the execution's start on, and
the newest.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing, suppress
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

    async def glimpse(
        self, execution: Execution, counted: Mapping[int, int], now: datetime
    ) -> Glimpse | None:
        """Returns what there is to say; None when Kafka does not answer in time.

        `counted`: up to which offset of each partition the tables knew that it runs.
        """
        try:
            async with asyncio.timeout(self._within_seconds):
                partition = await self._reader.partition_for(MESSAGES, execution.plan_id)
                end = await self._reader.end_offset(MESSAGES, partition)
                start = counted.get(partition, 0)
                seen = await self._seen(
                    execution, partition, [(start, min(start + _START_RECORDS, end))], to_its_end=True
                )
                if seen.over:
                    return seen
                return await self._seen(
                    execution, partition, await self._around(execution, partition, end, now)
                )
        except (Transient, TimeoutError):
            return None

    async def _around(
        self, execution: Execution, partition: int, end: int, now: datetime
    ) -> list[tuple[int, int]]:
        """Returns the stretches from its start on, and up to now."""
        begin = await self._reader.offset_at(MESSAGES, partition, execution.started_at - _SKEW)
        newest = await self._reader.offset_at(MESSAGES, partition, now - _NEWEST)
        pause = min(begin + _START_RECORDS, end)
        return [(begin, pause), (max(pause, newest, end - _NEWEST_RECORDS), end)]

    async def _seen(
        self,
        execution: Execution,
        partition: int,
        stretches: Iterable[tuple[int, int]],
        *,
        to_its_end: bool = False,
    ) -> Glimpse:
        """Returns what the stretches tell of it; `to_its_end`: nothing that comes after that."""
        seen = Glimpse()
        for start, stop in stretches:
            records = self._reader.read(MESSAGES, partition, start, stop, key=execution.plan_id)
            async with aclosing(records):
                async for record in records:
                    with suppress(Invalid):
                        take(seen, parse(record), len(record.value), execution)
                    if to_its_end and seen.over:
                        return seen
        return seen


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
