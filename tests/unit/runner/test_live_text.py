"""Live text is shown soon, in pieces that the bus takes, and stops nothing; values are not kept twice."""

import asyncio
from typing import Any

import pytest
from support.eventually import eventually
from support.plan_in_memory import PlanInMemory

from agentbus.kernel.errors import Invalid
from agentbus.runner.bus_log import KafkaLiveText
from agentbus.runner.team import PlanContext, Report


async def test_what_is_written_before_a_pause_is_shown_in_the_pause() -> None:
    read = asyncio.Event()

    async def work(plan: PlanContext) -> Report:
        async with plan.stream("a") as stream:
            await stream.write("one ")
            await stream.write("two ")
            await stream.write("three ")
            await read.wait()
        return Report("", "")

    plan = PlanInMemory(work)
    plan.run.begin()

    async def shown() -> None:
        assert "".join(chunk["content"] for chunk in plan.live.chunks) == "one two three "

    await eventually(shown, within=5)
    read.set()
    async with asyncio.timeout(5):
        await plan.closed.wait()
    assert [chunk["chunk"] for chunk in plan.live.chunks] == list(range(len(plan.live.chunks)))


async def test_a_piece_of_any_size_is_cut_to_what_the_bus_takes() -> None:
    async def work(plan: PlanContext) -> Report:
        async with plan.stream("a") as stream:
            await stream.write("x" * 3_000_000)
        return Report("", "")

    plan = PlanInMemory(work)
    await plan.to_its_end()
    assert max(len(chunk["content"]) for chunk in plan.live.chunks) <= 64 * 1024


async def test_a_piece_that_the_bus_refuses_stops_no_runner() -> None:
    taken = []

    class Refusing:
        async def send(self, topic: str, key: str, value: bytes, **_: Any) -> None:
            taken.append(key)
            if key == "large":
                raise Invalid("too large")

    live = KafkaLiveText(Refusing())  # type: ignore[arg-type]
    live.show({"plan_id": "large"})
    live.show({"plan_id": "next"})
    sending = asyncio.create_task(live.run())

    async def both() -> None:
        assert taken == ["large", "next"]

    await eventually(both, within=5)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_a_long_plan_does_not_keep_what_its_actions_gave() -> None:
    async def give() -> str:
        return "x" * 1000

    async def work(plan: PlanContext) -> Report:
        for number in range(50):
            await plan.act("a", "give", {"number": number}, give)
        return Report("", "")

    plan = PlanInMemory(work)
    await plan.to_its_end()
    assert plan.log.journal.finished_actions == {}
