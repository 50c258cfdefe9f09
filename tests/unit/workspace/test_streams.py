import pytest

from agentbus.chassis.event_stream import RESYNC
from agentbus.kernel.errors import Transient
from agentbus.workspace.streams import Streams


def streams(**bounds: int) -> Streams:
    return Streams(**{"limit": 10, "limit_bytes": 100, **bounds})


async def test_a_stream_begins_with_resync_and_carries_its_collection_in_order() -> None:
    all_streams = streams()
    with all_streams.opened("w", "tasks") as stream, all_streams.opened("w", "environments") as other:
        all_streams.publish("w", "tasks", b"1")
        all_streams.publish("v", "tasks", b"of another workspace")
        all_streams.publish("w", "tasks", b"2")
        assert await stream.next(1) == [RESYNC, b"1", b"2"]
        assert await other.next(1) == [RESYNC]
        assert await stream.next(0.01) == []
    assert not all_streams.follows("w", "tasks")


async def test_a_slow_stream_holds_a_bounded_number_of_bytes_and_then_pulls() -> None:
    all_streams = streams()
    with all_streams.opened("w", "tasks") as stream:
        for _ in range(1000):
            all_streams.publish("w", "tasks", b"x" * 30)
        waiting = await stream.next(1)
        assert waiting[0] == RESYNC
        assert sum(map(len, waiting)) <= 100 + len(RESYNC)


async def test_streams_are_bounded_in_number_and_end_with_the_process() -> None:
    all_streams = streams(limit=1)
    with all_streams.opened("w", "tasks") as stream:
        with pytest.raises(Transient, match="too many"), all_streams.opened("w", "tasks"):
            pass
        all_streams.end_all()
        assert stream.ended
    with pytest.raises(Transient), all_streams.opened("w", "tasks"):
        pass
