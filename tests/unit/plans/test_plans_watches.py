"""A watch has every accepted message once, however history and the live end interleave."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import message

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Record
from agentbus.kernel.errors import Transient
from agentbus.plans.watches import BusWatch, BusWatches, message_in


def log(plan_id: str = "p", count: int = 6) -> list[dict[str, Any]]:
    first = message(plan_id, 1, type="plan_created", payload={"description": "x"})
    last = message(plan_id, count, type="plan_completed", payload={"status": "completed"})
    return [first, *(message(plan_id, seq) for seq in range(2, count)), last]


def record(value: bytes, key: str = "p") -> Record:
    return Record("agent.messages", 0, 0, key, value, (), datetime.now(UTC))


@given(known=st.integers(0, 6), attached=st.integers(0, 6), heard_early=st.integers(0, 6))
def test_history_then_live(known: int, attached: int, heard_early: int) -> None:
    messages, watch = log(), BusWatch()
    live = messages[min(attached, known) :]
    for each in live[:heard_early]:
        watch.hear(each)
    watch.go_on_from(messages[:known])
    for each in live[heard_early:]:
        watch.hear(each)
    assert watch.messages == messages
    assert watch.plan is not None
    assert watch.plan["status"] == "completed"


async def test_a_stale_runner_is_not_heard() -> None:
    watch = BusWatch()
    watch.go_on_from([])
    resumed = message("p", 2, attempt=2, type="plan_resumed")
    for each in (log()[0], resumed, message("p", 2), message("p", 3), message("p", 3, attempt=2)):
        watch.hear(each)
    assert [(each["seq"], each["attempt"]) for each in watch.messages] == [(1, 1), (2, 2), (3, 2)]
    assert not await watch.until_end(0)


async def test_a_payload_without_sense_stops_nothing() -> None:
    watch = BusWatch()
    watch.go_on_from(
        [log()[0], message("p", 2, type="plan_approval_request", payload={"steps": 5}), *log()[2:]]
    )
    assert await watch.until_end(0)
    assert len(watch.messages) == 6


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b"\xff", orjson.dumps(message("other", 1))])
def test_what_is_no_message_is_left_out(value: bytes) -> None:
    assert message_in(record(value)) is None


async def test_before_the_bus_is_reached_nothing_is_watched() -> None:
    watches = BusWatches(BusAddress("127.0.0.1:1"), limit=1)
    with pytest.raises(Transient):
        async with watches.watch("p"):
            pytest.fail("it must not be attached")
