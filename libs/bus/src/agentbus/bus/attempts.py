"""Calls a handler until every record of a batch is either handled or known as poison.

| the handler raises | what happens |
|---|---|
| Transient | the same batch again after a backoff, for ever |
| Fatal | passed on: the consumer stops |
| Invalid, Rejected, Duplicate | record by record; the one that raises it is poison (Duplicate: handled) |
| anything else | three more tries, then record by record; the one that still raises is poison |

Called by the partition workers of `delivery`.
"""

import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from agentbus.bus.batch import Batch, Handler, Poison
from agentbus.bus.record import Record
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import AgentbusError, Duplicate, Fatal, Transient
from agentbus.observability.log import get_logger

UNEXPECTED_TRIES: Final = 4
_LOG = get_logger("agentbus.bus.delivery")

OnRetry = Callable[[Batch, Exception, int, float], Awaitable[None]]
"""Called with the batch, the error, the number of the try that failed (from 1) and the seconds to wait.

Returns when it is time to try again.
"""


def worth_logging(attempt: int) -> bool:
    """Tells whether to log a failed try: 1, 2, 4, 8, 16, 32 and every 32nd. An outage may be long."""
    return attempt & (attempt - 1) == 0 or attempt % 32 == 0


class Attempts:
    """Drives one handler. `wait` does the waiting, so that the caller can show and interrupt it."""

    def __init__(self, handler: Handler, wait: OnRetry, backoff: Backoff) -> None:
        self._handler = handler
        self._wait = wait
        self._backoff = backoff

    async def handle(self, batch: Batch) -> Sequence[Poison]:
        """Returns the poison of the batch, in offset order; raises Fatal only."""
        try:
            return await self._try(batch, UNEXPECTED_TRIES)
        except Fatal:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it must not stop the partition
            if len(batch.records) == 1:
                return self._verdict(batch, error)
            _LOG.exception("batch_failed", **_where(batch))
        return [poison for record in batch.records for poison in await self._one(batch, record)]

    async def _one(self, batch: Batch, record: Record) -> Sequence[Poison]:
        single = Batch(batch.topic, batch.partition, [record])
        try:
            return await self._try(single, 1)
        except Fatal:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the record goes to the dead letter with it
            return self._verdict(single, error)

    async def _try(self, batch: Batch, unexpected_tries: int) -> Sequence[Poison]:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._handler(batch)
            except Transient as error:
                await self._wait(batch, error, attempt, self._backoff.delay(attempt))
            except AgentbusError:
                raise
            except Exception as error:
                unexpected_tries -= 1
                if not unexpected_tries:
                    raise
                await self._wait(batch, error, attempt, self._backoff.delay(attempt))

    def _verdict(self, batch: Batch, error: Exception) -> Sequence[Poison]:
        if isinstance(error, Duplicate):
            return []
        code = error.code if isinstance(error, AgentbusError) else "handler_error"
        reason = str(error) if isinstance(error, AgentbusError) else _stack(error)
        return [Poison(batch.records[0], code, reason)]


def _stack(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _where(batch: Batch) -> dict[str, int | str]:
    return {
        "topic": batch.topic,
        "partition": batch.partition,
        "first_offset": batch.records[0].offset,
        "records": len(batch.records),
    }
