"""Places and running time: none is lost, none is used while a plan waits for a person."""

import asyncio
from contextlib import suppress

import pytest

from agentbus.runner.suspension import RunningTime


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_second_question_while_the_first_comes_back_takes_no_second_place() -> None:
    places = asyncio.Semaphore(1)
    time = RunningTime(places, 60)
    first, second = asyncio.Event(), asyncio.Event()

    async def wait_for(answer: asyncio.Event) -> None:
        async with time.suspended():
            await answer.wait()

    async with asyncio.timeout(5), time.running():
        asking = asyncio.create_task(wait_for(first))
        await settle()
        await places.acquire()  # another plan has the place now
        first.set()
        await settle()
        asking_too = asyncio.create_task(wait_for(second))
        await settle()
        places.release()
        await asking
        assert not places.locked(), "one of its agents waits for a person"
        second.set()
        await asking_too
        assert places.locked()
    assert not places.locked()
    await places.acquire()
    assert places.locked(), "there is one place, as before"


@pytest.mark.parametrize("answered", [False, True])
async def test_time_runs_on_when_a_team_gives_up_waiting(answered: bool) -> None:
    places = asyncio.Semaphore(1)
    time = RunningTime(places, 0.2)
    running = asyncio.Event()

    async def plan() -> None:
        async with time.running():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.01), time.suspended():
                    await places.acquire()  # nobody can have it back
                    if not answered:
                        await asyncio.Event().wait()
            running.set()
            await asyncio.Event().wait()

    work = asyncio.create_task(plan())
    async with asyncio.timeout(5):
        await running.wait()
        await asyncio.wait([time.up])
    work.cancel()
    await asyncio.wait([work])
    places.release()
    await places.acquire()
    assert places.locked(), "there is one place, as before"


async def test_waiting_for_a_person_uses_no_time() -> None:
    time = RunningTime(asyncio.Semaphore(1), 0.05)
    async with time.running():
        async with time.suspended():
            await asyncio.sleep(0.1)
        assert not time.up.done()
        async with asyncio.timeout(5):
            await asyncio.wait([time.up])
