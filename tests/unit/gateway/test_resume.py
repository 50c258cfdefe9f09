"""Any interleaving of database, topic, live end, take-overs and reconnects: each seq once, in order."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gateway_world import (
    MemoryCommands,
    MemoryLogReader,
    MemoryMessages,
    MemoryPlans,
    MemoryReader,
    World,
)
from support.messages import message

from agentbus.gateway.catch_up import Sources
from agentbus.gateway.directory import Directory
from agentbus.gateway.session import Sessions
from agentbus.kernel.clock import SystemClock
from agentbus.plan.sequence import PlanSequence

PLAN, OTHER = "plan", "other"


def sessions(world: World, *, page: int = 3, recent_bytes: int = 2_000) -> Sessions:
    log = MemoryLogReader(world)

    async def nothing(_plan_id: str) -> Any:
        return None

    return Sessions(
        hub=world.hub,
        directory=Directory(
            MemoryPlans(), find_start=nothing, find_record=nothing, at_once=2, within_seconds=5
        ),
        log=log,
        sources=Sources(MemoryMessages(world), log, world.memory, page_messages=page, recent_bytes=recent_bytes),
        commands=MemoryCommands(),
        clock=SystemClock(),
        reads_at_once=2,
        patience_seconds=5,
        ping_interval_seconds=20,
    )


def accepted(world: World, plan_id: str = PLAN) -> list[dict[str, Any]]:
    """What every consumer agrees on."""
    sequence, found = PlanSequence(), []
    for record in world.records:
        if record.key == plan_id:
            read = orjson.loads(record.value)
            if sequence.accept(read["seq"], read["attempt"]).accepted:
                found.append(read)
    return found


def run(work: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


class Pace:
    """Lets the world move on by what hypothesis drew: the log, its live end, the persister, the database."""

    def __init__(self, moves: list[tuple[str, int]]) -> None:
        self._moves = moves
        self._seq, self._attempt, self._at = 0, 1, 0

    def __call__(self, world: World) -> None:
        if self._at < len(self._moves):
            self._at += 1
            self.move(world, *self._moves[self._at - 1])

    def move(self, world: World, kind: str, number: int) -> None:
        match kind:
            case "publish":
                for _ in range(number):
                    self._seq += 1
                    world.publish(message(PLAN, self._seq, attempt=self._attempt))
            case "again":
                first = max(1, self._seq - number)
                for seq in range(first, self._seq + 1):
                    world.publish(message(PLAN, seq, attempt=self._attempt))
            case "take over":
                self._attempt += 1
                self._seq += 1
                world.publish(message(PLAN, self._seq, attempt=self._attempt, type="plan_resumed"))
                for stale in range(1, number):
                    world.publish(message(PLAN, self._seq + stale, attempt=self._attempt - 1))
            case "other":
                world.publish(message(OTHER, 1))
            case "live":
                world.hand_over(number)
            case "persist":
                world.persist(number)
            case "half persist":
                world.persist(number + 1, skip=1, commit=False)
            case "database":
                world.database_up = number % 2 == 0


KINDS = ["publish", "publish", "live", "live", "persist", "half persist", "again", "take over", "other"]
MOVES = st.lists(st.tuples(st.sampled_from([*KINDS, "database"]), st.integers(1, 6)), max_size=80)


@settings(max_examples=300, deadline=None)
@given(
    before=MOVES,
    during=MOVES,
    arrivals=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=4),
    page=st.integers(1, 5),
    recent_bytes=st.sampled_from([0, 700, 1_500, 10_000]),
    memory_bytes=st.sampled_from([0, 1_000, 3_000, 100_000]),
)
def test_each_seq_once_and_in_order(
    before: list[tuple[str, int]],
    during: list[tuple[str, int]],
    arrivals: list[tuple[int, int]],
    page: int,
    recent_bytes: int,
    memory_bytes: int,
) -> None:
    pace = Pace([*before, *during])
    world = World(pace, memory_bytes=memory_bytes)
    for _ in before:
        pace(world)
    shared = sessions(world, page=page, recent_bytes=recent_bytes)
    readers: list[tuple[int, MemoryReader]] = []

    async def client(after_seq: int, patience: int) -> None:
        """Watches, leaves after a while, and comes back with the last seq that it saw."""
        for _ in range(2):
            room = shared.hub.enter(PLAN, 0, "default")
            reader = MemoryReader(world)
            readers.append((after_seq, reader))
            follow = asyncio.create_task(shared.follow(room, reader, after_seq))
            for _ in range(patience * 3):
                await world.moment()
            if not follow.done():
                follow.cancel()
            await asyncio.gather(follow, return_exceptions=True)
            if follow.done() and not follow.cancelled() and follow.exception() is not None:
                raise AssertionError from follow.exception()
            shared.hub.leave(room, reader)
            assert world.memory.size_bytes <= world.memory_bytes
            after_seq = reader.seen[-1]["seq"] if reader.seen else after_seq

    async def everyone() -> None:
        await asyncio.gather(*(client(*arrival) for arrival in arrivals))
        for _ in during:
            await world.moment()
        # At last, one who stays to the end sees everything.
        world.database_up = True
        reader = MemoryReader(world)
        readers.append((0, reader))
        room = shared.hub.enter(PLAN, 0, "default")
        await shared.follow(room, reader, 0)
        world.hand_over(len(world.records))
        assert reader.seen == accepted(world)
        shared.hub.leave(room, reader)
        assert shared.hub.find(PLAN) is None
        assert (world.memory.size_bytes, world.memory.lent_bytes) == (0, 0)

    run(everyone())
    everything = accepted(world)
    for after_seq, reader in readers:
        expected = [item for item in everything if item["seq"] > after_seq]
        assert reader.seen == expected[: len(reader.seen)]


@pytest.mark.parametrize("database_up", [True, False])
def test_history_is_complete_with_and_without_the_database(database_up: bool) -> None:
    world = World()
    for seq in range(1, 21):
        world.publish(message(PLAN, seq))
    world.hand_over(20)
    world.persist(12)
    world.database_up = database_up
    shared, reader = sessions(world), MemoryReader(world)

    async def watch() -> None:
        room = shared.hub.enter(PLAN, 0, "default")
        await shared.follow(room, reader, 5)
        world.publish(message(PLAN, 21))
        world.hand_over(1)

    run(watch())
    assert [item["seq"] for item in reader.seen] == list(range(6, 22))


@pytest.mark.parametrize("lost", [1, 4, 8])
@pytest.mark.parametrize("persisted", [8, 10])
def test_a_hole_in_the_database_is_filled_from_the_topic(persisted: int, lost: int) -> None:
    world = World()
    for seq in range(1, 11):
        world.publish(message(PLAN, seq))
    world.hand_over(10)
    world.persist(persisted)
    del world.stored[PLAN][lost]
    shared, reader = sessions(world), MemoryReader(world)

    async def watch() -> None:
        await shared.follow(shared.hub.enter(PLAN, 0, "default"), reader, 0)

    run(watch())
    assert [item["seq"] for item in reader.seen] == list(range(1, 11))


def test_whoever_is_ahead_of_this_gateway_waits_and_sees_nothing_twice() -> None:
    world = World()
    for seq in range(1, 6):
        world.publish(message(PLAN, seq))
    world.hand_over(3)
    shared, reader, other = sessions(world), MemoryReader(world), MemoryReader(world)

    async def watch() -> None:
        room = shared.hub.enter(PLAN, 0, "default")
        await shared.follow(room, other, 0)
        await shared.follow(room, reader, 4)
        world.hand_over(2)

    run(watch())
    assert [item["seq"] for item in reader.seen] == [5]
    assert [item["seq"] for item in other.seen] == [1, 2, 3, 4, 5]


def test_long_messages_come_in_portions_that_a_reader_can_take() -> None:
    """A write above the unsent limit would close a socket that reads as fast as it can."""
    world = World()
    for seq in range(1, 201):
        world.publish(message(PLAN, seq, content="x" * 20_000))
    world.hand_over(200)
    world.persist(200)
    shared, reader = sessions(world, page=2_000), MemoryReader(world)

    async def watch() -> None:
        await shared.follow(shared.hub.enter(PLAN, 0, "default"), reader, 0)

    run(watch())
    assert [item["seq"] for item in reader.seen] == list(range(1, 201))
    assert max(reader.writes) < 160_000
    assert max(world.pages) <= 110
