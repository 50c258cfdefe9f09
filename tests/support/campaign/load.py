"""Load while a fault lasts: plans that talk, people who watch and reconnect, programs that read."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle, islice

from support.campaign.plans import Plans, plans_of
from support.campaign.reader import PlanReader
from support.campaign.watcher import Watcher
from support.eventually import eventually
from support.system import System

START_SECONDS = 60
LATE_SECONDS = 180


@dataclass(frozen=True)
class Load:
    """`plans` at once, together `messages_per_second` for `seconds`; `sockets` that reconnect; `readers`."""

    plans: int = 50
    messages_per_second: float = 200
    seconds: float = 20
    sockets: int = 20
    readers: int = 5

    @property
    def messages_per_plan(self) -> int:
        """How many messages each plan's worker says."""
        return max(1, round(self.messages_per_second * self.seconds / self.plans))

    def lasting(self, seconds: float) -> "Load":
        """Returns the same load for a longer or shorter time."""
        return replace(self, seconds=seconds)

    def __str__(self) -> str:
        return (
            f"{self.plans} plans, {self.messages_per_second:g}/s, {self.seconds:g} s, "
            f"{self.sockets} sockets, {self.readers} readers"
        )


@dataclass
class LoadRun:
    """A load that goes on: its plans, what each was told to say, and who follows them."""

    load: Load
    plans: Plans
    said: dict[str, list[str]] = field(default_factory=dict)
    watchers: list[Watcher] = field(default_factory=list)
    readers: list[PlanReader] = field(default_factory=list)

    async def submit(self) -> None:
        """Starts the plans, all at once."""
        count = self.load.messages_per_plan
        inputs = {
            "messages": count,
            "every_seconds": self.load.plans / self.load.messages_per_second,
            "begins": time.monotonic() + 1,
        }
        plan_ids = await asyncio.gather(*(self.plans.submit(inputs) for _ in range(self.load.plans)))
        self.said.update({plan_id: [f"message {number}" for number in range(count)] for plan_id in plan_ids})

    async def flowing(self) -> None:
        """Returns when every socket has seen messages and the readers have read."""

        async def check() -> None:
            waiting = [watcher for watcher in self.watchers if not watcher.seen]
            assert not waiting, f"saw nothing yet: {[watcher.state for watcher in waiting]}"
            assert all(reader.answered for reader in self.readers), "a reader read nothing yet"

        await eventually(check, within=START_SECONDS)

    async def over(self) -> None:
        """Returns when every plan has ended, as the database tells, and every socket saw the end."""
        within = self.load.seconds + LATE_SECONDS
        for plan_id in self.said:
            await eventually(partial(self.plans.completed, plan_id), within=within)
        await eventually(self._all_seen, within=LATE_SECONDS)

    async def _all_seen(self) -> None:
        missing = [watcher.state for watcher in self.watchers if not watcher.done]
        assert not missing, f"did not see the end: {missing}"


@asynccontextmanager
async def under_load(system: System, load: Load) -> AsyncIterator[LoadRun]:
    """Submits the plans and follows them around the block; what is still under way at its end is cut off."""
    async with plans_of(system) as plans:
        run = LoadRun(load, plans)
        await run.submit()
        run.watchers += [
            Watcher(system, plan_id, random.Random(number))
            for number, plan_id in enumerate(islice(cycle(run.said), load.sockets))
        ]
        run.readers += [
            PlanReader(plans, list(run.said), random.Random(number)) for number in range(load.readers)
        ]
        followers: list[Watcher | PlanReader] = [*run.watchers, *run.readers]
        tasks = [asyncio.create_task(each.follow()) for each in followers]
        try:
            yield run
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
