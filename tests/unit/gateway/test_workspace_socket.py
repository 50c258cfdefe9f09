"""What a workspace's socket hears: what it missed, `resync` where that is not known, who is there."""

import asyncio

import pytest
from support.eventually import eventually
from support.workspace_room_world import SPACE, SocketInMemory, WorkspaceWorld

from agentbus.gateway.routes import is_socket, parameters
from agentbus.gateway.watch import Watch
from agentbus.kernel.errors import Invalid, Rejected


async def enter(
    world: WorkspaceWorld, after_seq: int | None, user: str = "ada"
) -> tuple[SocketInMemory, Watch]:
    watch, socket = await world.admit(after_seq, user), SocketInMemory(world)
    await watch.follow(socket)
    return socket, watch


def filled(last: int, **options: int) -> WorkspaceWorld:
    world = WorkspaceWorld(**options)  # type: ignore[arg-type]
    for seq in range(1, last + 1):
        world.publish(seq)
    world.hand_over(last)
    return world


@pytest.mark.parametrize(
    ("after_seq", "said"),
    [(None, [11]), (0, [*range(1, 12)]), (7, [8, 9, 10, 11]), (10, [11]), (11, [12])],
)
async def test_a_socket_hears_what_is_after_its_seq(after_seq: int | None, said: list[int]) -> None:
    world = filled(10)
    socket, _ = await enter(world, after_seq)
    world.publish(11)
    if said == [12]:
        world.publish(12)
    world.hand_over(2)
    assert socket.said == said


async def test_what_is_older_than_the_stretch_that_is_read_is_to_be_pulled() -> None:
    world = filled(10, stretch=3)
    early, _ = await enter(world, 4)
    late, _ = await enter(world, 7)
    world.publish(11)
    world.hand_over(1)
    assert early.said == ["resync", 11]
    assert early.of("resync")[0]["data"] == {"workspace_id": SPACE, "seq": 10}
    assert late.said == [8, 9, 10, 11]


@pytest.mark.parametrize("early_bytes", [0, 100_000])
async def test_what_comes_while_a_workspace_opens_is_not_missed(early_bytes: int) -> None:
    def comes(world: WorkspaceWorld) -> None:
        if len(world.records) == 3:
            world.publish(4)
            world.hand_over(1)

    world = WorkspaceWorld(comes, early_bytes=early_bytes)
    for seq in (1, 2, 3):
        world.publish(seq)
    world.hand_over(3)
    socket, _ = await enter(world, 2)
    assert socket.said == [3, 4]


async def test_without_kafka_the_socket_opens_and_says_pull() -> None:
    world = filled(3)
    world.log_up = False
    socket, watch = await enter(world, 2)
    assert socket.said == ["resync"]
    assert b'"last_seq":null' in watch.visit.hello()
    world.publish(4)
    world.hand_over(1)
    assert socket.said == ["resync", 4]
    assert b'"last_seq":4' in watch.visit.hello()


async def test_a_gap_and_a_change_that_is_too_large_are_to_be_pulled() -> None:
    world = filled(2)
    socket, _ = await enter(world, 2)
    world.publish(4)
    world.publish(5, document={"id": "t1", "title": "x" * 2_000})
    world.publish(6)
    world.publish(6)
    world.hand_over(4)
    assert socket.said == ["resync", "resync", 6]
    assert [each["data"]["seq"] for each in socket.of("resync")] == [4, 5]
    another, _ = await enter(world, 5)
    assert another.said == [6]


async def test_what_is_no_change_or_anothers_is_not_handed_on() -> None:
    world = filled(1)
    socket, _ = await enter(world, 1)
    world.publish(2, schema_version="two")
    world.publish(2, workspace_id=SPACE, collection="secrets")
    world.publish(2, "other")
    world.publish(2)
    world.hand_over(4)
    assert socket.said == [2]


async def test_who_is_there_is_told_on_arrival_and_when_it_changes() -> None:
    world = filled(1)
    ada, _ = await enter(world, 1)
    ben, leaving = await enter(world, 1, "ben")
    again, watch = await enter(world, 1, "ben")

    def told(socket: SocketInMemory, *users: str) -> None:
        assert socket.of("presence")[-1]["data"] == {
            "workspace_id": SPACE,
            "user_ids": [*users],
            "count": len(users),
        }

    told(ben, "ada", "ben")
    await eventually(lambda: told(ada, "ada", "ben"), within=5)
    before = len(ada.frames)
    leaving.leave(ben)
    await asyncio.sleep(0.02)
    assert len(ada.frames) == before, "ben has another socket"
    watch.leave(again)
    await eventually(lambda: told(ada, "ada"), within=5)


async def test_another_workspaces_token_is_refused_and_leaves_nothing_behind() -> None:
    world = filled(1)
    with pytest.raises(Rejected, match="another workspace"):
        await world.admit(0, workspace_id="other")
    assert world.hub.find(SPACE) is None


@pytest.mark.parametrize(
    ("target", "kind", "key", "after_seq"),
    [
        (b"/api/v3/workspaces/default/socket", "workspace", "default", None),
        (b"/api/v3/workspaces/a%20b/socket/?after_seq=5", "workspace", "a b", 5),
        (b"/api/v3/socket/p1?after_seq=0", "plan", "p1", 0),
        (b"/api/v3/socket/workspaces", "plan", "workspaces", None),
    ],
)
def test_addresses(target: bytes, kind: str, key: str, after_seq: int | None) -> None:
    asked = parameters(target)
    assert (asked.kind, asked.key, asked.after_seq) == (kind, key, after_seq)
    assert asked.about == {f"{kind}_id": key}


def test_what_is_no_address_of_a_socket() -> None:
    for target in (b"/api/v3/workspaces/default", b"/api/v3/workspaces/a/b/socket", b"/api/v3/workspaces"):
        assert not is_socket(target)
    for target in (b"/api/v3/workspaces//socket", b"/api/v3/workspaces/w/socket?after_seq=-1"):
        assert is_socket(target)
        with pytest.raises(Invalid):
            parameters(target)
