"""Who has a workspace open at any of several gateways, over a bus in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from support.eventually import eventually
from support.gateway_world import unframed

from agentbus.bus.record import Outgoing, Record, Sent
from agentbus.gateway.neighbours import Neighbours
from agentbus.gateway.presence import Present
from agentbus.kernel.clock import SystemClock
from agentbus.kernel.errors import Transient

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Air:
    """Carries what gateways say to all of them."""

    def __init__(self, heartbeat_seconds: float = 0.05) -> None:
        self.hearers: list[Neighbours] = []
        self.said: list[dict[str, Any]] = []
        self.up = True
        self._heartbeat_seconds = heartbeat_seconds

    async def send_all(self, records: Sequence[Outgoing], *, timeout_seconds: float = 5.0) -> list[Sent]:
        if not self.up:
            raise Transient("no Kafka")
        for each in records:
            assert each.value is not None
            self.said.append(orjson.loads(each.value))
            record = Record(each.topic, 0, len(self.said), each.key, each.value, (), NOW)
            for hearer in self.hearers:
                hearer.on_records([record])
        return [Sent(0, 0, NOW) for _ in records]

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Neighbours]:
        neighbours = Neighbours(self, SystemClock(), self._heartbeat_seconds)
        self.hearers.append(neighbours)
        await neighbours.start()
        yield neighbours
        await neighbours.stop()
        self.hearers.remove(neighbours)


class Room:
    """A workspace open at one gateway; `told` is who its sockets were last told is there."""

    def __init__(self, gateway: Neighbours, *users: str, space: str = "w") -> None:
        self.told: list[str] = []
        self.present = Present(space, self._hear, 0.001, gateway)
        for user in users:
            self.present.enter(user)

    def _hear(self, frame: bytes) -> None:
        data = orjson.loads(unframed(frame)[0])["data"]
        assert data["count"] == len(data["user_ids"])
        self.told = data["user_ids"]

    async def tells(self, *users: str) -> None:
        def is_so() -> None:
            assert self.told == list(users)

        await eventually(is_so, within=60)


async def test_each_gateway_tells_of_all_and_names_nobody_twice() -> None:
    air = Air()
    async with air.gateway() as first, air.gateway() as second:
        here, there = Room(first, "ada", "ben"), Room(second, "ben", "cy")
        await here.tells("ada", "ben", "cy")
        await there.tells("ben", "cy", "ada")
        there.present.leave("cy")
        await here.tells("ada", "ben")
        here.present.leave("ben")
        await there.tells("ben", "ada")
        there.present.leave("ben")
        there.present.close()
        await here.tells("ada")


async def test_who_opens_a_workspace_later_hears_of_all_before_the_next_heartbeat() -> None:
    air = Air(heartbeat_seconds=1e6)
    async with air.gateway() as first, air.gateway() as second, air.gateway() as third:
        here = Room(first, "ada")
        await here.tells("ada")
        there = Room(second, "ben")
        await there.tells("ben", "ada")
        last = Room(third, "cy")
        await last.tells("cy", "ada", "ben")
        await here.tells("ada", "ben", "cy")


async def test_other_workspaces_are_not_told() -> None:
    air = Air()
    async with air.gateway() as first, air.gateway() as second:
        here, there = Room(first, "ada"), Room(second, "ben", space="other")
        await here.tells("ada")
        await there.tells("ben")
        assert {each["workspace_id"] for each in air.said} == {"w", "other"}


async def test_a_gateway_that_was_killed_is_forgotten() -> None:
    air = Air()
    async with air.gateway() as living:
        here = Room(living, "ada")
        async with air.gateway() as killed:
            Room(killed, "ben")
            await here.tells("ada", "ben")
            air.hearers.remove(killed)
            killed._task.cancel()  # type: ignore[union-attr]
            await here.tells("ada")
            air.hearers.append(killed)


async def test_a_gateway_that_stops_says_that_all_have_left() -> None:
    air = Air()
    async with air.gateway() as staying:
        here = Room(staying, "ada")
        async with air.gateway() as stopping:
            there = Room(stopping, "ben")
            await here.tells("ada", "ben")
            there.present.leave("ben")
            there.present.close()
        assert air.said[-1]["user_ids"] == []


async def test_while_the_bus_is_away_a_gateway_tells_of_its_own_and_of_all_afterwards() -> None:
    air = Air()
    async with air.gateway() as first, air.gateway() as second:
        air.up = False
        here, there = Room(first, "ada"), Room(second, "ben")
        await here.tells("ada")
        await there.tells("ben")
        air.up = True
        await here.tells("ada", "ben")
        await there.tells("ben", "ada")


async def test_what_is_no_presence_is_left_out() -> None:
    air = Air()
    async with air.gateway() as only:
        here = Room(only, "ada")
        for value in (b"", b"[]", b'{"workspace_id":"w","gateway":"g"}'):
            only.on_records([Record("workspace.presence", 0, 1, "w", value, (), NOW)])
        good = b'{"workspace_id":"w","gateway":"g","user_ids":["ben"]}'
        only.on_records([Record("workspace.presence", 0, 2, "w", good, (), NOW)])
        await here.tells("ada", "ben")
