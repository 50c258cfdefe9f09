"""Faults of single processes: the ways in which they end."""

import re
import time
from collections.abc import Sequence

from support.campaign.fault import Fault
from support.campaign.plans import plans_of
from support.eventually import eventually
from support.system import System

SECOND_RUNNER = "runner-2"
BURST_MESSAGES = 500
BUSY_SECONDS = 20
START_SECONDS = 3
"""About how long a service takes to start, on a machine that does little else."""


class Killed(Fault):
    """`kill -9`, one part after the other; the supervisor starts them again."""

    def __init__(self, *parts: str) -> None:
        self._parts = parts
        self.name = f"{', '.join(parts)}: kill -9"
        self.what = f"{' and '.join(parts)}: killed (SIGKILL) and started again by the supervisor"

    async def inflict(self, system: System) -> None:
        for part in self._parts:
            await system.stack.kill(part)


class RunnerKilled(Fault):
    """`kill -9` of a runner with records in its outbox; with a second one, that takes the plans over."""

    def __init__(self, *, second: bool = False) -> None:
        self._second = second
        self.name = f"runner{' (1 of 2)' if second else ''}: kill -9 in a batch"
        self.what = "the runner is killed (SIGKILL) with records in its outbox, and started again" + (
            "; a second one takes its plans over" if second else ""
        )

    async def inflict(self, system: System) -> None:
        if self._second:
            await system.stack.start(SECOND_RUNNER, {})

        async def busy() -> None:
            pending = await system.metric("runner", "agentbus_runner_outbox_pending_records")
            assert pending > 0, "nothing in the outbox"

        # One that talks as fast as it can: a small load leaves nothing in the outbox for long.
        async with plans_of(system) as plans:
            await plans.submit({"messages": BURST_MESSAGES})
        await eventually(busy, within=BUSY_SECONDS)
        await system.stack.kill("runner")

    async def clear(self, system: System) -> None:
        if self._second:
            await system.stack.stop(SECOND_RUNNER)


class Stopped(Fault):
    """SIGTERM, one part after the other: each ends by itself, in time and in order, and is started again."""

    def __init__(self, parts: Sequence[str], *, within_seconds: float) -> None:
        self._parts = parts
        self._within_seconds = within_seconds
        self.seconds = START_SECONDS * len(parts)
        self.name = f"{', '.join(parts)}: SIGTERM"
        self.what = f"each is told to stop (SIGTERM), ends with code 0 in {within_seconds:g} s, is started"

    async def inflict(self, system: System) -> None:
        for part in self._parts:
            began = time.monotonic()
            await system.stack.stop(part)
            took = time.monotonic() - began
            assert took < self._within_seconds, f"{part} took {took:.1f} s to stop"
            assert (code := _last_exit(system, part)) == "exit status 0", f"{part} ended with {code}"
            await system.stack.start(part)


def _last_exit(system: System, part: str) -> str:
    """Returns how the supervisor says that the program ended."""
    told: list[str] = re.findall(
        rf"stopped: {part} \((.*)\)", system.stack.log("supervisord").read_text(errors="replace")
    )
    assert told, f"the supervisor says nothing of {part}"
    return told[-1]
