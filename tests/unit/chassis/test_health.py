"""Health: checks run side by side, each bounded; work that ends by itself ends the process."""

import asyncio
import time

import pytest

from agentbus.chassis.background import running
from agentbus.chassis.health import CheckResult, Health
from agentbus.kernel.errors import Fatal, Transient


async def _well() -> None:
    return


async def _down() -> None:
    raise Transient("mongodb://u:hunter2@h does not answer")


async def _hangs() -> None:
    await asyncio.sleep(60)


async def test_each_check_is_bounded_and_stops_no_other() -> None:
    health = Health()
    for name, check in (("a", _well), ("b", _down), ("c", _hangs), ("d", _hangs)):
        health.check(name, check)
    began = time.perf_counter()
    results = await health.ready(0.05)
    assert time.perf_counter() - began < 1
    assert results["a"] == CheckResult(ok=True)
    assert not any(results[name].ok for name in "bcd")
    assert "hunter2" not in results["b"].detail


async def test_work_that_fails_ends_the_process() -> None:
    health = Health()

    async def work() -> None:
        raise Fatal("poison everywhere")

    async with running("work", work, health):
        failure = await asyncio.wait_for(health.failed(), 1)
    assert isinstance(failure, Fatal)


async def test_work_that_ends_by_itself_ends_the_process() -> None:
    health = Health()
    async with running("work", _well, health):
        assert "ended by itself" in str(await asyncio.wait_for(health.failed(), 1))


async def test_work_that_was_asked_to_stop_is_no_failure() -> None:
    health, asked = Health(), asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        await asked.wait()
        done.append("committed")

    async def stop() -> None:
        asked.set()

    async with running("work", work, health, stop=stop):
        pass
    assert done == ["committed"]
    assert health.failure is None


@pytest.mark.parametrize("stop", [_well, _hangs, None])
async def test_work_that_does_not_stop_is_cancelled(stop: object) -> None:
    health = Health()
    began = time.perf_counter()
    async with running("work", _hangs, health, stop=stop, grace_seconds=0.05):  # type: ignore[arg-type]
        pass
    assert time.perf_counter() - began < 1
    assert health.failure is None
