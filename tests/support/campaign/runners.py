"""Faults of a runner that lives on: cut off from Kafka for longer than its session, or without disk space."""

import asyncio
import resource
import tempfile
from collections import Counter
from pathlib import Path

from support.campaign.fault import Fault
from support.eventually import eventually
from support.system import System, environment

from agentbus.embedded.stack import Stack

SESSION_SECONDS = 10
ACTIONS = 40
PLANS = 6
_UNDER_WAY_SECONDS = 60


class Fenced(Fault):
    """A runner is frozen for longer than its session, another takes its plans over; then it wakes up."""

    name = "runner: cut off past its session"
    what = (
        "a runner is stopped (SIGSTOP) until another has its plans, then it goes on with what it had in hand"
    )
    seconds = SESSION_SECONDS + 10

    def __init__(self) -> None:
        self._plan_ids: list[str] = []
        self._done_log = Path(tempfile.mkdtemp()) / "done"
        self._done_log.touch()

    async def inflict(self, system: System) -> None:
        inputs = {"actions": ACTIONS, "pause_seconds": 0.5, "done_log": str(self._done_log)}
        answers = await asyncio.gather(*(system.submit(inputs=inputs) for _ in range(PLANS)))
        self._plan_ids = [answer["plan_id"] for answer in answers]
        await eventually(self._under_way, within=_UNDER_WAY_SECONDS)
        await system.stack.suspend("runner")
        try:
            await system.stack.start("runner-2", environment())
            await eventually(lambda: _took_over(system), within=SESSION_SECONDS + 60)
        finally:
            await system.stack.resume("runner")

    async def clear(self, system: System) -> None:
        """Each action is on the log once; none whose end the log had at the cut was done again.

        What the frozen runner had in hand, and what it began before it heard that it was replaced, may be: an
        agent goes on without Kafka, and nobody can tell it meanwhile.
        """
        try:
            counted = [await self._judge(system, plan_id) for plan_id in self._plan_ids]
            assert sum(counted) > 0, "no plan changed hands"
        finally:
            await system.stack.stop("runner-2")

    async def _judge(self, system: System, plan_id: str) -> bool:
        """Returns whether the plan changed hands."""
        plan = await system.ended(plan_id, within=90)
        assert plan["plan"]["status"] == "completed"
        completed = [each for each in plan["messages"] if each["type"] == "action_completed"]
        assert [each["payload"]["result"] for each in completed] == list(range(ACTIONS))
        lines = (await asyncio.to_thread(self._done_log.read_text)).splitlines()
        done = Counter(int(line.split()[1]) for line in lines if line.startswith(plan_id))
        before = [each["payload"]["result"] for each in completed if each["attempt"] == 1]
        assert [number for number in before if done[number] > 1] == [], "a finished action was done again"
        return len(before) < ACTIONS

    async def _under_way(self) -> None:
        done = Counter(line.split()[0] for line in self._done_log.read_text().splitlines())
        assert len(done) == PLANS


async def _took_over(system: System) -> None:
    assert await system.metric("runner-2", "agentbus_runner_takeovers_total") > 0, "nothing taken over yet"


class OutboxDiskFull(Fault):
    """The runner can write no file any more (RLIMIT_FSIZE 0), then it can again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.name = f"outbox: no room for {seconds:g} s"
        self.what = "every write to the runner's outbox fails (RLIMIT_FSIZE of the live process is 0)"

    async def inflict(self, system: System) -> None:
        assert isinstance(system.stack, Stack)
        pid = await system.stack.pid("runner")
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            await eventually(lambda: _complains(system), within=20)
            await asyncio.sleep(self.seconds)
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        assert await system.stack.pid("runner") == pid, "the runner did not live through it"


async def _complains(system: System) -> None:
    text = await asyncio.to_thread(system.stack.log("runner").read_text)
    assert "outbox_unavailable" in text, "nothing in the log says that the outbox cannot be written"
