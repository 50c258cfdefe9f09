"""A plan's socket's life: let in, greeted, brought up to date, then live. Called for each socket.

Guarantee: the socket sees every accepted message after its `after_seq` once and in order, or is closed with a
code that says what to do. It holds a task only until it is live.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from agentbus.contracts.frames import CloseCode, ConnectionEstablished
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import MESSAGES
from agentbus.gateway.catch_up import CatchUp, Sources
from agentbus.gateway.directory import Directory
from agentbus.gateway.errors import SocketClosed
from agentbus.gateway.handlers import Visit
from agentbus.gateway.hub import Hub
from agentbus.gateway.model import Entry, Question
from agentbus.gateway.plan_commands import PlanCommands
from agentbus.gateway.ports import Commands, Log, Reader
from agentbus.gateway.room import Room
from agentbus.gateway.watch import Watch, Wish
from agentbus.gateway.wire import frame, joined
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Rejected, Transient


@dataclass
class _Place:
    """Up to where a socket was sent everything."""

    seq: int


class Sessions:
    """What all sessions of the process share."""

    def __init__(
        self,
        *,
        hub: Hub[Room],
        directory: Directory,
        log: Log,
        sources: Sources,
        commands: Commands,
        clock: Clock,
        reads_at_once: int,
        patience_seconds: float,
        ping_interval_seconds: float,
    ) -> None:
        self.hub = hub
        self.clock = clock
        self._directory = directory
        self._log = log
        self._sources = sources
        self._commands = commands
        self._reads = asyncio.Semaphore(reads_at_once)
        self._patience_seconds = patience_seconds
        self._ping_interval_seconds = ping_interval_seconds

    async def admit(self, wish: Wish) -> Watch:
        """Returns the watch on the plan, its room entered.

        Raises Rejected (404): there is no such plan, or it is another workspace's, which is not told.
        """
        room = self.hub.find(wish.key)
        known_seq = room.last_seq if room is not None else 0
        workspace_id = wish.badge.principal.workspace_id
        if room is not None:
            owner: str | None = room.workspace_id
        else:
            plan = await self._directory.find(wish.key)
            owner, known_seq = (plan.workspace_id, plan.last_seq) if plan is not None else (None, 0)
        if owner != workspace_id:
            raise Rejected("there is no such plan", code="unknown_plan", status=404)
        partition = await self._log.partition_for(MESSAGES, wish.key)
        entered = self.hub.enter(wish.key, partition, workspace_id)
        return Watch(
            self._visit(wish, entered, known_seq),
            follow=lambda reader: self.follow(entered, reader, wish.after_seq or 0),
            leave=lambda watcher: self.hub.leave(entered, watcher),
        )

    async def follow(self, room: Room, reader: Reader, after_seq: int) -> None:
        """Brings the socket up to date and leaves it live in the room.

        Raises SocketClosed when it does not read, Transient when history cannot be had for too long.
        """
        place = _Place(after_seq)
        fruitless, since, backoff = 0, self.clock.monotonic(), Backoff(limit_seconds=2.0)
        while not room.join(reader, place.seq):
            before, failure = place.seq, Transient("the history has a hole")
            try:
                await self._pass(room, reader, place)
            except Transient as error:
                failure = error
            if place.seq != before:
                fruitless, since = 0, self.clock.monotonic()
            elif fruitless and self.clock.monotonic() - since > self._patience_seconds:
                raise failure
            else:
                # The first pass of a room may find nothing and still make it live: no wait after that.
                await asyncio.sleep(backoff.delay(fruitless) if fruitless else 0)
                fruitless += 1

    async def _pass(self, room: Room, reader: Reader, place: _Place) -> None:
        """Sends history up to the live end, or as far as the room's memory does not reach back."""
        stop = self.hub.horizon(room)
        way = CatchUp(self._sources, room.plan_id, room.partition, after_seq=place.seq, stop=stop)
        try:
            async with aclosing(way.batches()) as batches:
                async for batch in self._limited(batches, room, place):
                    reader.write(joined(batch, reader.dialect), len(batch))
                    place.seq = batch[-1].seq
                    await self._drained(reader)
            room.seed(way.state, way.recent, way.asked, stop)
        finally:
            if room.recent is not way.recent:
                way.recent.forget()

    async def _limited(
        self, batches: AsyncIterator[list[Entry]], room: Room, place: _Place
    ) -> AsyncIterator[list[Entry]]:
        """So many sockets read at once; whom the room's memory serves by then does not read at all."""
        while True:
            async with self._reads:
                if room.covers(place.seq):
                    return
                try:
                    batch = await anext(batches)
                except StopAsyncIteration:
                    return
            yield batch

    async def _drained(self, reader: Reader) -> None:
        try:
            await reader.drained(self._patience_seconds)
        except TimeoutError:
            raise SocketClosed(CloseCode.TOO_SLOW, "too slow; reconnect from after_seq") from None

    def _visit(self, wish: Wish, room: Room, known_seq: int) -> Visit:
        async def question() -> Question | None:
            if room.live and room.asked.known:
                return room.asked.question
            return await self._directory.question(room.plan_id)

        def hello() -> bytes:
            greeting = ConnectionEstablished(
                plan_id=wish.key,
                user_id=wish.badge.principal.user_id,
                after_seq=wish.after_seq or 0,
                last_seq=max(known_seq, room.last_seq),
                ping_interval_seconds=self._ping_interval_seconds,
                timestamp=format_timestamp(self.clock.now()),
            )
            return frame("connection_established", greeting.model_dump())

        said = PlanCommands(wish.key, wish.badge, self._commands, self.clock, question)
        return Visit(wish.about, wish.badge, self.clock, hello, said.by_type())
