"""How a socket comes from history to live: without a database, over holes, ahead of the log, in portions."""

import pytest
from support.gateway_sessions import PLAN, run, sessions
from support.gateway_world import MemoryReader, World
from support.messages import message


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
