"""The access book: `access.changes` in memory, read from the beginning and followed (decision 0016).

Guarantee: what the book says is as new as the last record that reached it, milliseconds behind the log; until
it was read once nobody is let in (503, `access_unknown`); after that it holds while Kafka is away. Built in
each service's `app.py` as a part of `Access`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from agentbus.bus.address import BusAddress
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.bus.tail import Tail
from agentbus.chassis.access.identity import Principal, Role, Scope, forbidden, unauthenticated
from agentbus.chassis.access.state import AccessState, Change
from agentbus.chassis.instruments import ACCESS_BROKEN
from agentbus.contracts.topics import ACCESS_CHANGES
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import AgentbusError, Transient
from agentbus.observability.log import get_logger

OnChange = Callable[[Change], None]

_RETRY: Final = Backoff(first_seconds=0.05, limit_seconds=2.0)
_PARTITION: Final = 0
"""The topic has one, so that all changes have one order."""

_log = get_logger(__name__)


class AccessBook:
    """Who may do what, as of now. All but `start`, `stop` and `reached` is synchronous and in memory."""

    def __init__(self, address: BusAddress) -> None:
        self.state = AccessState()
        self._reader = Reader(address)
        self._tail = Tail(address, [ACCESS_CHANGES], self._on_records)
        self._early: list[Record] | None = []
        self._next = 0
        self._moved = asyncio.Event()
        self._listeners: list[OnChange] = []
        self._reading: asyncio.Task[None] | None = None

    async def start(self, *, wait_seconds: float = 1.0) -> None:
        """Begins to read; when Kafka is down, goes on trying in the background after `wait_seconds`."""
        await self._tail.start(wait_seconds=wait_seconds)
        self._reading = asyncio.create_task(self._read())
        await asyncio.wait([self._reading], timeout=wait_seconds)

    async def stop(self) -> None:
        """Stops following; no listener is called after this returned."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self._tail.stop()
        await self._reader.stop()

    @property
    def known(self) -> bool:
        """Whether the topic was read to its end once."""
        return self._early is None

    async def check(self) -> None:
        """For `Health.check`: raises Transient (`access_unknown`) until the topic was read once."""
        self.require_known()

    def require_known(self) -> None:
        """Raises Transient (503, `access_unknown`) until the topic was read once."""
        if not self.known:
            raise Transient("who may do what is not known yet", code="access_unknown", retry_after_seconds=1)

    def on_change(self, listener: OnChange) -> Callable[[], None]:
        """Calls `listener`, on the event loop, after each change; returns what ends that.

        A listener that holds principals asks `change.concerns(who)`, then `current(who)`. It must not block;
        what it raises is logged.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def current(self, who: Principal) -> Principal:
        """Returns `who` as of now: the same, or with another role where that comes from the book.

        Raises Rejected: 401 when the credential has expired (`unauthenticated`) or was revoked
        (`token_revoked`), 403 (`not_a_member`) when they left the workspace; Transient as `require_known`.
        """
        if who.credential == "none":
            return who
        self.require_known()
        if who.expires_at is not None and who.expires_at <= time.time():
            raise unauthenticated("the access token has expired; get a new one")
        if self.state.is_revoked(who) or (who.credential == "key" and who.token_id not in self.state.keys):
            raise unauthenticated("the access token was revoked", code="token_revoked")
        if who.credential == "oidc":
            return replace(who, role=self._role(who), scopes=frozenset(Scope))
        return who

    def _role(self, who: Principal) -> Role:
        role = self.state.role(who.workspace_id, who.user_id)
        if role is None:
            raise forbidden("you are no member of this workspace", code="not_a_member")
        return role

    async def reached(self, offset: int, *, within_seconds: float) -> bool:
        """Waits until the record at `offset` is taken in; returns whether it was in time."""
        try:
            async with asyncio.timeout(within_seconds):
                while self._next <= offset:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    async def _read(self) -> None:
        tries = 0
        while not self.known:
            try:
                await self._read_history()
            except AgentbusError as error:
                tries += 1
                _log.debug("access is not known yet", error=repr(error))
                await asyncio.sleep(_RETRY.delay(tries))

    async def _read_history(self) -> None:
        """Reads up to where the tail began; what it has handed over since is applied after that."""
        begin = await self._reader.begin_offset(ACCESS_CHANGES, _PARTITION)
        end = self._tail.position(ACCESS_CHANGES, _PARTITION)
        history = [record async for record in self._reader.read(ACCESS_CHANGES, _PARTITION, begin, end)]
        early, self._early = self._early or [], None
        self._apply([*history, *(record for record in early if record.offset >= end)])
        _log.info("access is known", records=len(history), keys=len(self.state.keys))

    def _on_records(self, records: list[Record]) -> None:
        if self._early is None:
            self._apply(records)
        else:
            self._early += records

    def _apply(self, records: list[Record]) -> None:
        for record in records:
            change = self._taken_in(record)
            self._next = record.offset + 1
            if change is None or change.broken:
                ACCESS_BROKEN.inc()
                _log.error("a record of access.changes cannot be read", offset=record.offset)
            if change is not None:
                self._tell(change)
        self._moved.set()

    def _taken_in(self, record: Record) -> Change | None:
        try:
            return self.state.apply(record.key, record.value, record.appended_at)
        except Exception:  # noqa: BLE001  one record must not hide the revocations behind it
            _log.exception("a record of access.changes was not taken in", offset=record.offset)
            return None

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001  the book outlives its listeners' faults
                _log.exception("a listener of access changes failed")
