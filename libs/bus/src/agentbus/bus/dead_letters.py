"""Writes dead letters, however long it takes: only then may an offset be committed. Part of `delivery`."""

import asyncio
from collections.abc import Sequence
from typing import Final

from agentbus.bus import instruments
from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Poison
from agentbus.bus.dead_letter import dead_letter
from agentbus.bus.producer import Producer
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger

_SEND_SECONDS: Final = 10.0
_LOGGED_CHARACTERS: Final = 2000
_LOG = get_logger("agentbus.bus.delivery")


class DeadLetters:
    """The dead letter of one consumer group."""

    def __init__(self, address: BusAddress, group: str, backoff: Backoff) -> None:
        self._producer = Producer(address)
        self._group = group
        self._backoff = backoff

    async def put_aside(self, poison: Sequence[Poison]) -> None:
        """Returns when all of `poison` is acknowledged in `<topic>.<group>.dlq`; tries for ever."""
        letters = [dead_letter(each, self._group) for each in poison]
        attempt = 0
        while True:
            try:
                await self._producer.send_all(letters, timeout_seconds=_SEND_SECONDS)
                break
            except Transient as error:
                attempt += 1
                _LOG.warning("dead_letter_retried", records=len(letters), error=repr(error))
                await asyncio.sleep(self._backoff.delay(attempt))
        for each in poison:
            self._tell(each)

    async def stop(self) -> None:
        """Closes the producer."""
        await self._producer.stop()

    def _tell(self, poison: Poison) -> None:
        record = poison.record
        instruments.DEAD_LETTERED.labels(record.topic, self._group, poison.code).inc()
        _LOG.error(
            "dead_lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            code=poison.code,
            reason=poison.reason[:_LOGGED_CHARACTERS],
        )
