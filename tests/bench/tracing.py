"""What traces cost the runner: processor seconds a message with every trace sent, beside none (H1).

Two runners as processes of their own, on namespaces of their own, alike but for `AGENTBUS_OTLP_ENDPOINT`.
They take turns with the same plans, so that a noisy neighbour disturbs both; the other one waits meanwhile.
Counted is the processor time of the runner, not of the receiver: the thread that sends its spans included,
also while it waits, for that is when the last spans of a round go.
"""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil
from bench.row import Row
from support.one_trace import caller
from support.otlp_receiver import receiving
from support.runner_world import RunnerWorld
from support.stack import Infra
from support.system import TESTS

from agentbus.bus.provisioning import provision
from agentbus.contracts.topics import MESSAGES, topics
from agentbus.observability.tracing import span

ROUNDS, PLANS, ACTIONS, SAID = 12, 8, 200, 400
MESSAGES_EACH = 2 * ACTIONS + SAID + 4
"""A plan's: two for each action, what is said, and its beginning and end."""

TARGET = 1.05


@dataclass
class Runner:
    """One of the two, and what it has published so far."""

    world: RunnerWorld
    process: psutil.Process
    recorded: bool
    counted: float = field(default=0.0, init=False)

    async def round(self) -> float:
        """Lets it work on some plans; returns its processor seconds a message since the round before."""
        published = await self._published()
        for _ in range(PLANS):
            with span("start", parent=caller(recorded=self.recorded).headers["traceparent"]):
                await self.world.start(actions=ACTIONS, messages=SAID)
        while await self._published() < published + PLANS * MESSAGES_EACH:  # noqa: ASYNC110  Kafka tells nobody
            await asyncio.sleep(0.1)
        before, self.counted = self.counted, self._cpu_seconds()
        return (self.counted - before) / (PLANS * MESSAGES_EACH)

    def _cpu_seconds(self) -> float:
        used = self.process.cpu_times()
        return float(used.user + used.system)

    async def _published(self) -> int:
        partitions = range(topics()[MESSAGES].partitions)
        ends = await asyncio.gather(*(self.world.reader.end_offset(MESSAGES, each) for each in partitions))
        return sum(ends)


async def measure(stack: Infra) -> list[Row]:
    """Returns the time with traces, with the time without as its reference."""
    async with AsyncExitStack() as parts:
        receiver = parts.enter_context(receiving())
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory()))
        off = await parts.enter_async_context(_runner(stack, folder / "off"))
        on = await parts.enter_async_context(
            _runner(stack, folder / "on", AGENTBUS_OTLP_ENDPOINT=receiver.url)
        )
        await off.round()
        await on.round()
        pairs = [(await off.round(), await on.round()) for _ in range(ROUNDS)]
        assert len(receiver.spans) > ROUNDS * PLANS * ACTIONS, "the spans did not arrive"
    without, with_traces = (median(each) for each in zip(*pairs, strict=True))
    ratio = median(on / off for off, on in pairs)
    return [
        Row(
            name="runner, every trace sent",
            value=with_traces * 1e6,
            unit="µs of processor/message",
            reference_name="without traces",
            reference_value=without * 1e6,
            ratio=ratio,
            target=f"ratio ≤ {TARGET:.2f}",
            met=ratio <= TARGET,
        )
    ]


@asynccontextmanager
async def _runner(stack: Infra, folder: Path, **more: str) -> AsyncIterator[Runner]:
    world = RunnerWorld(stack, folder)
    await provision(world.address)
    await world.producer.start()
    await world.reader.start()
    settings = {
        "AGENTBUS_KAFKA_BOOTSTRAP": world.address.bootstrap,
        "AGENTBUS_NAMESPACE": world.address.namespace,
        "AGENTBUS_AUTH_SECRET": "x" * 32,
        "AGENTBUS_DATA_DIR": str(folder),
        "AGENTBUS_TEAMS": "support.scripted_team:ScriptedTeam",
        "AGENTBUS_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(TESTS),
        **more,
    }
    process = await create_subprocess_exec(
        sys.executable, "-m", "agentbus.runner", env={**os.environ, **settings}
    )
    try:
        yield Runner(world, psutil.Process(process.pid), recorded=bool(more))
    finally:
        process.terminate()
        await process.wait()
        await world.producer.stop()
        await world.reader.stop()
