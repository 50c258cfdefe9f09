"""Any interleaving of history, live, duplicates, take-overs and reconnects: each seq once, in order."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from support.gateway_sessions import OTHER, PLAN, accepted, run, sessions
from support.gateway_world import MemoryReader, World
from support.messages import message

from agentbus.gateway.room import Room


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
            case "live elsewhere":
                world.hand_over(number, end=1)
            case "persist":
                world.persist(number)
            case "half persist":
                world.persist(number + 1, skip=1, commit=False)
            case "database":
                world.database_up = number % 2 == 0


KINDS = [
    "publish",
    "publish",
    "live",
    "live",
    "live elsewhere",
    "persist",
    "half persist",
    "again",
    "take over",
    "other",
]
MOVES = st.lists(st.tuples(st.sampled_from([*KINDS, "database"]), st.integers(1, 6)), max_size=80)


VISITS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=1, max_size=4)
"""At which gateway, and for how long."""


@settings(max_examples=300)
@given(
    before=MOVES,
    during=MOVES,
    arrivals=st.lists(st.tuples(st.integers(0, 12), VISITS), min_size=1, max_size=4),
    stays=st.booleans(),
    page=st.integers(1, 5),
    recent_bytes=st.sampled_from([0, 700, 1_500, 10_000]),
    memory_bytes=st.sampled_from([0, 1_000, 3_000, 100_000]),
)
def test_each_seq_once_and_in_order(
    before: list[tuple[str, int]],
    during: list[tuple[str, int]],
    arrivals: list[tuple[int, list[tuple[int, int]]]],
    stays: bool,
    page: int,
    recent_bytes: int,
    memory_bytes: int,
) -> None:
    pace = Pace([*before, *during])
    world = World(pace, memory_bytes=memory_bytes)
    for _ in before:
        pace(world)
    gateways = [sessions(world, page=page, recent_bytes=recent_bytes, end=end) for end in range(2)]
    readers: list[tuple[int, MemoryReader]] = []

    async def client(after_seq: int, visits: list[tuple[int, int]]) -> None:
        """Watches, leaves after a while, and comes back to any gateway with the last seq that it saw."""
        for gateway, patience in visits:
            shared = gateways[gateway]
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

    async def stay(after_seq: int) -> tuple[Room, MemoryReader]:
        """Watches at the first gateway until `everyone` is done."""
        reader, room = MemoryReader(world), gateways[0].hub.enter(PLAN, 0, "default")
        readers.append((after_seq, reader))
        await gateways[0].follow(room, reader, after_seq)
        return room, reader

    async def everyone() -> None:
        staying = [await stay(0)] if stays else []  # whoever comes now meets a room that is live
        await asyncio.gather(*(client(*arrival) for arrival in arrivals))
        for _ in during:
            await world.moment()
        world.database_up = True
        staying += [await stay(0), await stay(1), await stay(0)]
        world.hand_over(len(world.records))
        assert staying[-1][1].seen == staying[-3][1].seen == accepted(world)
        for room, reader in staying:
            gateways[0].hub.leave(room, reader)
        assert gateways[0].hub.find(PLAN) is None
        assert (world.memory.size_bytes, world.memory.lent_bytes) == (0, 0)

    run(everyone())
    everything = accepted(world)
    for after_seq, reader in readers:
        expected = [item for item in everything if item["seq"] > after_seq]
        assert reader.seen == expected[: len(reader.seen)]
