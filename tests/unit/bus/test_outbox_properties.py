"""Whatever interleaving of appends, lost acknowledgements, refusals, crashes and restarts: each record once.

A real SQLite file and the real relay; Kafka is a list that an idempotent producer writes to. A crash is what
stands in the files at that moment, opened by the next process. The log's acceptance rule makes "at least
once, in order" out of it "once".
"""

import asyncio
import shutil
import tempfile
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from agentbus.bus.address import BusAddress
from agentbus.bus.outbox import Outbox, Relay
from agentbus.bus.record import Outgoing
from agentbus.plan.sequence import PlanSequence, Verdict

Step = Literal["append", "many", "half", "run", "lost", "refused", "crash", "restart"]
STEPS = st.lists(st.sampled_from(Step.__args__), max_size=30)  # type: ignore[attr-defined]


class Broker:
    """One partition, and the faults that the next sends meet."""

    def __init__(self) -> None:
        self.log: list[int] = []
        self.faults: deque[str] = deque()


class MemoryProducer:
    """An idempotent producer: after a failed batch, whatever it has left can only fail too."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._broken = False

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def reset(self) -> None:
        self._broken = False

    async def submit(self, record: Outgoing) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        fault = self._broker.faults.popleft() if self._broker.faults and not self._broken else ""
        if not self._broken and fault != "refused":
            self._broker.log.append(int(record.value or b""))
        self._broken = self._broken or bool(fault)
        if self._broken:
            answer.set_exception(ConnectionError(fault or "out of order"))
            answer.exception()  # the relay may be stopped before it sees this
        else:
            answer.set_result(SimpleNamespace(partition=0, offset=len(self._broker.log) - 1))
        await asyncio.sleep(0)
        return answer


class Life:
    """One runner's outbox from its start to its end."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self.outbox = Outbox(folder / "outbox.sqlite", synchronous="normal")
        self.relay = Relay(self.outbox, BusAddress("nowhere:1"))
        self.relay._producer = MemoryProducer(broker)  # type: ignore[assignment]
        self.relay._outage = SimpleNamespace(failed=lambda error: 0, over=lambda: None)  # type: ignore[assignment]
        self.appends: list[asyncio.Task[None]] = []

    def append(self, *numbers: int) -> None:
        for number in numbers:
            self.appends.append(
                asyncio.create_task(self.outbox.append("t", "k", str(number).encode(), "t.v1"))
            )

    async def end(self) -> None:
        await self.relay.stop()
        await asyncio.gather(*self.appends, return_exceptions=True)
        await self.outbox.close()


@given(STEPS)
@settings(max_examples=60)
def test_each_record_counts_once_and_in_order(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(Path(folder), steps))


async def _run(folder: Path, steps: list[Step]) -> None:
    broker, said, safe = Broker(), 0, 0
    life = Life(folder / "0", broker)
    await life.relay.start()
    for number, step in enumerate(steps, 1):
        if step in ("append", "many", "half"):
            more = range(said + 1, said + (5 if step != "append" else 1) + 1)
            life.append(*more)
            said = more.stop - 1
            if step == "half":  # the process may die before these are durable
                await asyncio.sleep(0)
            else:
                await asyncio.gather(*life.appends)
                safe = said
        elif step == "run":
            await asyncio.sleep(0.001)
        elif step in ("lost", "refused"):
            broker.faults.append(step)
        else:
            life = await _next_life(life, folder / str(number), broker, crash=step == "crash")
            await asyncio.wait_for(life.relay.drained(), 10)
            safe = said if step == "restart" else safe
            # As a runner that takes its plan over again: it goes on after what the log has.
            assert max(broker.log, default=0) >= safe
            said = safe = max(broker.log, default=0)
    await asyncio.gather(*life.appends)
    await asyncio.wait_for(life.relay.drained(), 10)
    await life.end()
    sequence = PlanSequence()
    verdicts = [sequence.accept(number, 1) for number in broker.log]
    assert sequence.last_seq == said
    assert Verdict.GAP not in verdicts
    assert verdicts.count(Verdict.ACCEPTED) == said


async def _next_life(life: Life, folder: Path, broker: Broker, *, crash: bool) -> Life:
    if crash:
        # In one go, as the files stand: what this process still does to its own copy is not seen any more.
        shutil.copytree(life.folder, folder)
        broker_then = list(broker.log)
        life.relay._producer = MemoryProducer(Broker())  # type: ignore[assignment]
        await life.end()
        broker.log[:] = broker_then
    else:
        await life.end()
        shutil.copytree(life.folder, folder)
    after = Life(folder, broker)
    await after.relay.start()
    return after
