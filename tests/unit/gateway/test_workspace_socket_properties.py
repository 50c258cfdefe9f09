"""Any interleaving of commits, the relay, the live end and sockets: no change is missed, none comes twice."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from support.gateway_sessions import run
from support.workspace_room_world import SPACE, SocketInMemory, WorkspaceWorld

from agentbus.gateway.watch import Watch

KINDS = ["commit", "commit", "relay", "relay", "again", "live", "live", "other"]
MOVES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 5)), max_size=60)
VISITS = st.lists(st.integers(0, 12), max_size=3)


class Pace:
    """Lets the database, the relay and the live end move on by what was drawn."""

    def __init__(self, moves: list[tuple[str, int]]) -> None:
        self._moves = iter(moves)
        self.committed, self.relayed = 0, 0

    def __call__(self, world: WorkspaceWorld) -> None:
        kind, number = next(self._moves, ("", 0))
        match kind:
            case "commit":
                self.committed += number
            case "relay":
                self.relay(world, number)
            case "again":  # a relay that died before it noted what it had sent
                for seq in range(max(1, self.relayed - number), self.relayed + 1):
                    world.publish(seq)
            case "other":
                world.publish(1, "other")
            case "live":
                world.hand_over(number)

    def relay(self, world: WorkspaceWorld, number: int) -> None:
        while self.relayed < self.committed and number > 0:
            self.relayed, number = self.relayed + 1, number - 1
            world.publish(self.relayed)

    def finish(self, world: WorkspaceWorld) -> None:
        self.relay(world, self.committed)
        world.hand_over(len(world.records))


class PullingClient(SocketInMemory):
    """Has everything up to `has`; at `resync` it pulls what the database has."""

    def __init__(self, world: WorkspaceWorld, pace: Pace, has: int) -> None:
        super().__init__(world)
        self.has, self._pace, self._heard = has, pace, 0

    def write(self, frames: bytes, count: int) -> None:
        before = len(self.said)
        super().write(frames, count)
        for said in self.said[before:]:
            if said == "resync":
                self.has = self._pace.committed
            else:
                assert isinstance(said, int)
                assert self._heard < said <= self.has + 1, "twice, out of order, or after a gap"
                assert said == self.has + 1 or "resync" in self.said, "it has that already"
                self._heard, self.has = said, max(self.has, said)


@settings(max_examples=300)
@given(
    before=MOVES,
    during=MOVES,
    arrivals=st.lists(VISITS, min_size=1, max_size=4),
    stretch=st.sampled_from([0, 2, 6, 1_000]),
    memory_bytes=st.sampled_from([0, 700, 2_000, 100_000]),
    early_bytes=st.sampled_from([0, 700, 100_000]),
)
def test_nothing_is_missed_whoever_comes_and_goes(
    before: list[tuple[str, int]],
    during: list[tuple[str, int]],
    arrivals: list[list[int]],
    stretch: int,
    memory_bytes: int,
    early_bytes: int,
) -> None:
    """A client that pulls at `resync`, and comes back with what it has, ends with all; none comes twice."""
    pace = Pace([*before, *during])

    async def client(world: WorkspaceWorld, visits: list[int]) -> tuple[PullingClient, Watch]:
        has = 0
        for patience in visits:
            watch, socket = await world.admit(has), PullingClient(world, pace, has)
            await watch.follow(socket)
            for _ in range(patience):
                await world.moment()
            watch.leave(socket)
            has = socket.has
        watch, socket = await world.admit(has), PullingClient(world, pace, has)
        await watch.follow(socket)
        return socket, watch

    async def everyone() -> None:
        world = WorkspaceWorld(pace, stretch=stretch, memory_bytes=memory_bytes, early_bytes=early_bytes)
        for _ in before:
            pace(world)
        staying = await asyncio.gather(*(client(world, visits) for visits in arrivals))
        for _ in during:
            await world.moment()
        pace.finish(world)
        assert [socket.has for socket, _ in staying] == [pace.committed] * len(staying)
        for socket, watch in staying:
            watch.leave(socket)
        assert world.hub.find(SPACE) is None
        assert (world.memory.size_bytes, world.memory.lent_bytes) == (0, 0)

    run(everyone())
