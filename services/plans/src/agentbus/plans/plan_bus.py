"""The bus as the plan service sees it: commands go out, starts and unstored plans are found again.

Guarantee: commands go out without the secrets in them. When `send` raises, Kafka did not acknowledge in time,
the record is not sent later, and a start that was on the wire is void for the runner once its `expires_at`
has passed. Called by `handlers.py` and `directory.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from agentbus.bus.codec import encode
from agentbus.bus.lookup import find_record, find_start, start_in, unstored_messages
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Sent
from agentbus.contracts.commands import PlanCommand, StartPlan
from agentbus.contracts.timestamps import format_timestamp, parse_timestamp
from agentbus.contracts.topics import COMMANDS, MESSAGES
from agentbus.kernel.errors import Transient
from agentbus.observability.secrets.value import redacted_model
from agentbus.plan.projection import PlanDocument
from agentbus.plan.sequence import PlanSequence
from agentbus.plans.instruments import ACKNOWLEDGE_SECONDS
from agentbus.plans.log_clock import LogClock
from agentbus.plans.model import created_by, unstored
from agentbus.plans.watches import message_in, told

_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_SCHEMA: Final = "command.v1"

T = TypeVar("T")


class KafkaPlanBus:
    """`PlanBus` over Kafka. Reading gives up after `lookup_seconds`."""

    def __init__(
        self,
        producer: Producer,
        reader: Reader,
        clock: LogClock,
        *,
        acknowledge_seconds: float,
        lookup_seconds: float,
    ) -> None:
        self._producer = producer
        self._reader = reader
        self._clock = clock
        self._acknowledge_seconds = acknowledge_seconds
        self._lookup_seconds = lookup_seconds

    async def send(self, command: PlanCommand) -> int:
        """Returns the command's offset once Kafka has it, a start in time."""
        command = redacted_model(command, keep=PlanCommand.model_fields)
        with ACKNOWLEDGE_SECONDS.time():
            sent = await self._send(command)
            if isinstance(command, StartPlan) and _late(command, sent):
                # Its issuer did not know the log's time yet. Now it does.
                command = _reissued(command, self._clock.now())
                sent = await self._send(command)
                if _late(command, sent):
                    raise Transient("the start came too late on the log", code="bus_unavailable")
        return sent.offset

    async def _send(self, command: PlanCommand) -> Sent:
        sent = await self._producer.send(
            COMMANDS,
            command.plan_id,
            encode(command),
            schema=_SCHEMA,
            timeout_seconds=self._acknowledge_seconds,
        )
        if sent.appended_at is not None:
            self._clock.heard(sent.appended_at)
        return sent

    async def position(self, plan_id: str) -> int:
        """Returns the offset that the plan's next command would get."""
        return await self._in_time(self._position(plan_id))

    async def first_start(self, plan_id: str, start: int | None, stop: int) -> StartPlan | None:
        """Returns the first start of the plan that counts among the commands at offsets [start, stop)."""
        return await self._in_time(self._first_start(plan_id, start, stop))

    async def unstored_plan(self, plan_id: str) -> PlanDocument | None:
        """Returns the plan, as created, when it is on the bus and not stored yet."""
        return await self._in_time(self._unstored_plan(plan_id))

    async def logged_plan(self, plan_id: str) -> PlanDocument | None:
        """Returns the plan as its whole log tells it; None when there is none."""
        return await self._in_time(self._logged_plan(plan_id))

    async def unstored_messages(self, plan_id: str) -> list[dict[str, Any]]:
        """Returns the messages that may not be stored yet, in log order."""
        records = await self._in_time(unstored_messages(self._reader, plan_id))
        return [message for record in records if (message := message_in(record)) is not None]

    async def messages_since(self, plan_id: str, timestamp: str) -> AsyncIterator[dict[str, Any]]:
        """Yields the plan's messages on the bus that are not older than `timestamp`."""
        partition = await self._reader.partition_for(MESSAGES, plan_id)
        moment = parse_timestamp(timestamp) - _CLOCKS_DIFFER
        start = await self._reader.offset_at(MESSAGES, partition, moment)
        async for record in self._reader.read(MESSAGES, partition, start, key=plan_id):
            if (message := message_in(record)) is not None:
                yield message

    async def _position(self, plan_id: str) -> int:
        return await self._reader.end_offset(COMMANDS, await self._reader.partition_for(COMMANDS, plan_id))

    async def _first_start(self, plan_id: str, start: int | None, stop: int) -> StartPlan | None:
        partition = await self._reader.partition_for(COMMANDS, plan_id)
        oldest = await self._reader.begin_offset(COMMANDS, partition) if start is None else start
        async for record in self._reader.read(COMMANDS, partition, oldest, stop, key=plan_id):
            if (found := start_in(record)) is not None:
                return found
        return None

    async def _unstored_plan(self, plan_id: str) -> PlanDocument | None:
        start = await find_start(self._reader, plan_id)
        if start is not None:
            return created_by(start)
        for record in await unstored_messages(self._reader, plan_id):
            if (message := message_in(record)) is not None:
                return unstored(message)
        return None

    async def _logged_plan(self, plan_id: str) -> PlanDocument | None:
        # In this order: a start that the runner has done with has a record by then.
        start = await find_start(self._reader, plan_id)
        record = await find_record(self._reader, plan_id)
        if record is None:
            return created_by(start) if start is not None else None
        partition = await self._reader.partition_for(MESSAGES, plan_id)
        sequence, plan = PlanSequence(), created_by(record.start)
        messages = self._reader.read(MESSAGES, partition, record.messages_offset, key=plan_id)
        async for message in (message_in(each) async for each in messages):
            if message is not None and sequence.accept(message["seq"], message["attempt"]).accepted:
                plan = told(plan, message)
        return plan

    async def _in_time(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._lookup_seconds):
                return await call
        except TimeoutError as error:
            raise Transient("looking on the bus took too long", code="bus_unavailable") from error


def _late(start: StartPlan, sent: Sent) -> bool:
    return sent.appended_at is not None and sent.appended_at > parse_timestamp(start.expires_at)


def _reissued(start: StartPlan, now: datetime) -> StartPlan:
    valid_for = parse_timestamp(start.expires_at) - parse_timestamp(start.issued_at)
    times = {"issued_at": format_timestamp(now), "expires_at": format_timestamp(now + valid_for)}
    return start.model_copy(update=times)
