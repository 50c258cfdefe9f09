"""Messages kept on this machine until Kafka has them. Called by the runner, drained by `Relay`.

Guarantee: what `append` returned for is published, in order per key, also after kill -9 (with `synchronous`
"full", the default, also after a power cut) and long outages of Kafka. It may be published twice: readers
deduplicate. One process owns the file: a second one is refused. A disk that it has filled has room again once
Kafka has what was kept.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from agentbus.bus import instruments
from agentbus.bus.codec import record_headers
from agentbus.bus.outbox_file import OutboxFile, Row, Synchronous
from agentbus.bus.producer import MAX_RECORD_BYTES
from agentbus.bus.record import Outgoing
from agentbus.bus.relay import Relay
from agentbus.kernel.errors import Fatal, Invalid, Transient

__all__ = ["Outbox", "Relay"]

P = ParamSpec("P")
T = TypeVar("T")

_ROOM_FOR_HEADERS_BYTES: Final = 4096
_FRESH_ROWS: Final = 2000
_READ_ROWS: Final = 500
_GROUP_ROWS: Final = 1000
_DELETE_ROWS: Final = 250
_TRIM_SECONDS: Final = 0.1


class Outbox:
    """A durable queue in an SQLite file (WAL), written by one thread that commits in groups.

    Fresh rows go on to the relay from memory; it reads the file only for what came before this process or
    while the relay was far behind. Opening blocks shortly; raises Fatal when the file cannot be used.
    """

    def __init__(self, path: Path, *, synchronous: Synchronous = "full") -> None:
        self._file = OutboxFile(path, synchronous)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._last_id = self._file.last_id
        self._stored_id = self._file.last_id
        self._taken_id = 0
        self._acknowledged_id = 0
        self._deleted_id = 0
        self._fresh: deque[Row] = deque()
        self._behind = True
        self._trim: asyncio.TimerHandle | None = None
        self._closed = False
        self._pending = 0
        self._add_pending(self._file.count)

    async def append(self, topic: str, key: str, value: bytes | None, schema: str) -> None:
        """Keeps a record, with the current traceparent in its headers; durable when it returns.

        The order of calls is the order of records. Raises Transient when it could not be written (disk
        full), Invalid when it is too large for Kafka.
        """
        if value is not None and len(value) + len(key) > MAX_RECORD_BYTES - _ROOM_FOR_HEADERS_BYTES:
            raise Invalid(f"a record of {len(value)} bytes is too large", code="too_large", status=413)
        if self._closed:
            raise Fatal("the outbox is closed", code="outbox_closed")
        self._last_id += 1
        row = Row(self._last_id, Outgoing(topic, key, value, record_headers(schema)))
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, stored))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await stored

    def pending(self) -> int:
        """Returns how many durable records wait for their acknowledgement."""
        return self._pending

    async def close(self) -> None:
        """Writes what is waiting and closes the file."""
        self._closed = True
        while self._writing is not None:
            await asyncio.wait([self._writing])
        if self._trim is not None:
            self._trim.cancel()
        with contextlib.suppress(Transient):
            await self._in_thread(self._file.write, [], self._acknowledged_id)
        await self._in_thread(self._file.close)
        self._thread.shutdown()

    # For the relay.

    async def take(self) -> list[Row]:
        """Returns the next rows in order, waiting until there are some."""
        while True:
            rows = await self._read_behind() if self._behind else self._take_fresh()
            if rows:
                self._taken_id = rows[-1].id
                return rows
            if not self._behind:
                self._changed.clear()
                await self._changed.wait()

    def rewind(self) -> None:
        """Gives everything that is not acknowledged again, from the first."""
        self._taken_id = self._acknowledged_id
        self._fresh.clear()
        self._behind = True

    def stored_up_to(self) -> int:
        """Returns the id of the last durable row; 0 when there never was one."""
        return self._stored_id

    def acknowledged_up_to(self) -> int:
        """Returns the id of the last row that Kafka has; 0 before the first."""
        return self._acknowledged_id

    def acknowledge(self, up_to_id: int, rows: int) -> None:
        """Kafka has the next `rows` rows, up to this id; they are deleted soon."""
        self._acknowledged_id = up_to_id
        self._add_pending(-rows)
        if self._trim is None:
            self._trim = asyncio.get_running_loop().call_later(_TRIM_SECONDS, self._write_soon)

    def _write_soon(self) -> None:
        self._trim = None
        if self._writing is None and (self._waiting or not self._closed):
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:_GROUP_ROWS], self._waiting[_GROUP_ROWS:]
                await self._write_group(group)
            if self._trim is None and self._deleted_id < self._acknowledged_id:
                await self._delete()
        finally:
            self._writing = None
            if self._waiting:
                self._write_soon()

    async def _write_group(self, group: list[tuple[Row, asyncio.Future[None]]]) -> None:
        rows = [row for row, _ in group]
        # Deleting a row at a time would cost as much as writing it.
        due = self._acknowledged_id - self._deleted_id >= _DELETE_ROWS
        delete_up_to = self._acknowledged_id if due else self._deleted_id
        error: Transient | None = None
        try:
            await self._in_thread(self._file.write, rows, delete_up_to)
        except Transient as failed:
            error = failed
        else:
            self._deleted_id = delete_up_to
            self._stored(rows)
        for _, stored in group:
            if stored.done():  # its caller was cancelled
                continue
            if error is None:
                stored.set_result(None)
            else:
                stored.set_exception(error)

    async def _delete(self) -> None:
        delete_up_to = self._acknowledged_id
        with contextlib.suppress(Transient):  # the next append or acknowledgement tries again
            try:
                await self._in_thread(self._file.write, [], delete_up_to)
            except Transient:
                if self._acknowledged_id < self._stored_id:
                    raise
                await self._in_thread(self._file.renew)
            self._deleted_id = delete_up_to

    def _stored(self, rows: list[Row]) -> None:
        self._stored_id = rows[-1].id
        self._add_pending(len(rows))
        if not self._behind:
            self._fresh.extend(row for row in rows if row.id > self._taken_id)
            if len(self._fresh) > _FRESH_ROWS:
                self._fresh.clear()
                self._behind = True
        self._changed.set()

    def _take_fresh(self) -> list[Row]:
        rows = list(self._fresh)
        self._fresh.clear()
        return rows

    async def _read_behind(self) -> list[Row]:
        rows = await self._in_thread(self._file.read, self._taken_id, _READ_ROWS)
        # What is stored meanwhile is either among these rows, or read next, or comes fresh.
        self._behind = (rows[-1].id if rows else self._taken_id) < self._stored_id
        return rows

    def _add_pending(self, rows: int) -> None:
        self._pending += rows
        instruments.OUTBOX_PENDING.inc(rows)

    async def _in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(call, *args, **kwargs))
