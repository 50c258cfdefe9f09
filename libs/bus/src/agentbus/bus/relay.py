"""Publishes an outbox to Kafka: in order, pipelined, deleting after acknowledgement, retrying for ever.

Guarantee: the first appearance of the records of a key in Kafka is in the order of their appends. After any
failure everything unacknowledged is sent again by a new producer, from the first. That a later record cannot
have got through alone before that is the idempotent producer's doing: the broker refuses a gap in a
partition's sequence numbers.
"""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self

from agentbus.bus.address import BusAddress
from agentbus.bus.outage import Outage
from agentbus.bus.outbox_file import Row
from agentbus.bus.producer import Acknowledgement, Producer
from agentbus.bus.record import Outgoing, Sent
from agentbus.bus.spans import Sending
from agentbus.observability.log import get_logger

_WINDOW_ROWS: Final = 2000
_ACKNOWLEDGE_SECONDS: Final = 15.0
_LOG = get_logger("agentbus.bus.relay")

_InFlight = asyncio.Queue[tuple[Row, Acknowledgement, Sending]]
OnSent = Callable[[Outgoing, Sent], None]


class Source(Protocol):
    """What the relay needs of an outbox; see `outbox.Outbox`."""

    async def take(self) -> list[Row]:
        """Returns the next rows in order, waiting until there are some."""
        ...

    def rewind(self) -> None:
        """Gives everything that is not acknowledged again."""
        ...

    def acknowledge(self, up_to_id: int, rows: int) -> None:
        """Kafka has the next `rows` rows, up to this id."""
        ...

    def stored_up_to(self) -> int:
        """Returns the id of the last durable row."""
        ...

    def acknowledged_up_to(self) -> int:
        """Returns the id of the last row that Kafka has."""
        ...


class Relay:
    """Empties one outbox into Kafka for as long as it runs; `on_sent` hears of every acknowledged record."""

    def __init__(self, outbox: Source, address: BusAddress, on_sent: OnSent | None = None) -> None:
        self._outbox = outbox
        self._producer = Producer(address)
        self._on_sent = on_sent
        self._outage = Outage(f"{address.client_id} relay")
        self._task: asyncio.Task[None] | None = None
        self._progress = asyncio.Condition()
        self._awaited = 0

    async def start(self) -> None:
        """Begins publishing in the background."""
        await self._producer.start()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops publishing; what is not acknowledged stays in the outbox."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._producer.stop()

    async def drained(self) -> None:
        """Returns when everything that was durable at this call is acknowledged, whatever came since."""
        last = self._outbox.stored_up_to()
        self._awaited += 1
        try:
            async with self._progress:
                await self._progress.wait_for(lambda: self._outbox.acknowledged_up_to() >= last)
        finally:
            self._awaited -= 1

    async def _run(self) -> None:
        while True:
            self._outbox.rewind()
            try:
                await self._publish()
            except Exception as error:  # noqa: BLE001  whatever it is, the rows must get out
                await self._producer.reset()
                await asyncio.sleep(self._outage.failed(error))

    async def _publish(self) -> None:
        """Publishes until something fails, and raises it."""
        in_flight: _InFlight = asyncio.Queue(_WINDOW_ROWS)
        sending = asyncio.create_task(self._send(in_flight))
        acknowledging = asyncio.create_task(self._acknowledge(in_flight))
        try:
            done, _ = await asyncio.wait([sending, acknowledging], return_when=asyncio.FIRST_EXCEPTION)
        finally:
            sending.cancel()
            acknowledging.cancel()
            await asyncio.wait([sending, acknowledging])
            _retrieve(in_flight)
        for each in done:
            each.result()

    async def _send(self, in_flight: _InFlight) -> None:
        while True:
            rows = await self._outbox.take()
            together = Sending([row.record for row in rows])
            for row in rows:
                await in_flight.put((row, await self._producer.submit(row.record), together))

    async def _acknowledge(self, in_flight: _InFlight) -> None:
        while True:
            row, acknowledgement, together = await in_flight.get()
            async with asyncio.timeout(_ACKNOWLEDGE_SECONDS):
                metadata = await acknowledgement
            self._outage.over()
            self._outbox.acknowledge(row.id, 1)
            together.acknowledged()
            if self._on_sent is not None:
                self._on_sent(row.record, Sent(metadata.partition, metadata.offset))
            if self._awaited:
                async with self._progress:
                    self._progress.notify_all()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _retrieve(in_flight: _InFlight) -> None:
    """Marks failures as seen: the rows are sent again, nobody awaits these any more."""
    while not in_flight.empty():
        _, acknowledgement, _ = in_flight.get_nowait()
        acknowledgement.add_done_callback(lambda each: each.cancelled() or each.exception())
