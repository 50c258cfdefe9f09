"""Who has workspaces open at other gateways: each says who is with it (decision 0039).

Guarantee: while Kafka answers, what is said at one gateway is soon known at all where the workspace is open,
also at one that opens it later: whoever hears of a gateway for the first time says again who is with itself.
One that has been silent for three heartbeats is gone. While Kafka is away a gateway knows its own users.
Built in `app.py`; called by the tail with live records of `workspace.presence`, and by `Present`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from pydantic import ValidationError

from agentbus.bus.codec import encode, record_headers
from agentbus.bus.record import Outgoing, Record, Sent
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.presence import TOLD_USERS_MAX, WorkspacePresence
from agentbus.contracts.topics import WORKSPACE_PRESENCE
from agentbus.gateway import instruments
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import AgentbusError
from agentbus.observability.log import get_logger

_SILENT_BEATS: Final = 3
_SEND_SECONDS: Final = 10.0
_LAST_WORD_SECONDS: Final = 2.0
_log = get_logger(__name__)


class Bus(Protocol):
    """Where records go."""

    async def send_all(self, records: Sequence[Outgoing], *, timeout_seconds: float = 5.0) -> list[Sent]:
        """Returns when the bus has them; raises Transient."""
        ...


class OpenWorkspace(Protocol):
    """What other gateways are told of a workspace, and what they tell."""

    @property
    def workspace_id(self) -> str:
        """Its workspace."""
        ...

    @property
    def users(self) -> list[str]:
        """Who has it open at this gateway."""
        ...

    def hear(self, gateway: str, users: Sequence[str], at: float) -> bool:
        """Takes in who is at another gateway; returns whether that one was not known before."""
        ...

    def forget_silent(self, since: float) -> None:
        """Forgets the gateways that were heard last before `since`."""
        ...


class Neighbours:
    """What this gateway says to the others, and hears."""

    def __init__(self, bus: Bus, clock: Clock, heartbeat_seconds: float) -> None:
        self._name = new_id()
        self._bus = bus
        self._clock = clock
        self._heartbeat_seconds = heartbeat_seconds
        self._places: dict[str, OpenWorkspace] = {}
        self._unsaid: dict[str, list[str]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Says from now on what there is to say."""
        self._task = asyncio.create_task(self._run(), name="gateway-neighbours")

    async def stop(self) -> None:
        """Says what is not said yet, that all have left, and ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            await self._say_all(_LAST_WORD_SECONDS)

    def opened(self, place: OpenWorkspace) -> None:
        """Someone opens a workspace here."""
        self._places[place.workspace_id] = place

    def changed(self, place: OpenWorkspace) -> None:
        """Others are there, or left, at this gateway."""
        self._unsaid[place.workspace_id] = place.users[:TOLD_USERS_MAX]
        self._wake.set()

    def closed(self, place: OpenWorkspace) -> None:
        """Nobody has it open here any more."""
        del self._places[place.workspace_id]
        self._unsaid[place.workspace_id] = []
        self._wake.set()

    def on_records(self, records: Iterable[Record]) -> None:
        """Takes in what gateways say, this one's own words left out."""
        for record in records:
            try:
                told = WorkspacePresence.model_validate_json(record.value)
            except ValidationError:
                instruments.NOT_SENT.labels("invalid").inc()
                continue
            place = self._places.get(told.workspace_id)
            if place is None or told.gateway == self._name:
                continue
            is_new = place.hear(told.gateway, told.user_ids, self._clock.monotonic())
            if is_new and told.user_ids and place.users:
                self.changed(place)

    async def _run(self) -> None:
        beats_at = self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            if now >= beats_at:
                self._beat(now)
                beats_at = now + self._heartbeat_seconds
            await self._say_all(_SEND_SECONDS)
            # Not `wait_for`: woken and cancelled at once, it would forget that it was cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, beats_at - self._clock.monotonic())):
                    await self._wake.wait()

    def _beat(self, now: float) -> None:
        for place in self._places.values():
            place.forget_silent(now - _SILENT_BEATS * self._heartbeat_seconds)
            if place.users:
                self.changed(place)

    async def _say_all(self, within_seconds: float) -> None:
        """What cannot be said now, the next heartbeat says; who left is then forgotten for being silent."""
        self._wake.clear()
        unsaid, self._unsaid = self._unsaid, {}
        if not unsaid:
            return
        try:
            records = [self._record(workspace_id, users) for workspace_id, users in unsaid.items()]
            await self._bus.send_all(records, timeout_seconds=within_seconds)
        except AgentbusError as error:
            _log.info("other gateways are not told who is here", reason=error.message)

    def _record(self, workspace_id: str, users: list[str]) -> Outgoing:
        told = WorkspacePresence(workspace_id=workspace_id, gateway=self._name, user_ids=users)
        return Outgoing(
            WORKSPACE_PRESENCE, workspace_id, encode(told), record_headers("workspace_presence.v1")
        )
