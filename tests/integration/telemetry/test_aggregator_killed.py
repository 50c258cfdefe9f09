"""The aggregator is killed five times while it counts, and every record was delivered twice: the figures are
exactly those that the plans' profiles give (C4)."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain
from pathlib import Path

import pytest
from support.eventually import eventually
from support.stored_figures import assert_exact
from support.telemetry_world import TelemetryWorld
from support.varied_plans import interleaved, some_plans

pytestmark = [pytest.mark.integration]
KILLS = 5


async def test_killed_five_times_with_every_record_twice(telemetry: TelemetryWorld, tmp_path: Path) -> None:
    plans = some_plans("killed", 180, seed=11)
    log = interleaved(plans, seed=12)
    await telemetry.publish(chain.from_iterable((each, each) for each in log))
    end = await telemetry.ends()
    async with AsyncExitStack() as processes:
        running = await processes.enter_async_context(aggregator(telemetry, tmp_path / "0.log"))
        for kill in range(1, KILLS + 1):
            # Its successor is there already, so that nothing but the take-over takes time.
            log_file = tmp_path / f"{kill}.log"
            successor = await processes.enter_async_context(aggregator(telemetry, log_file))
            # Most of the log is left after the last time: it may well get some way before it dies.
            await passes(telemetry, end * kill // (3 * KILLS))
            running.kill()
            await running.wait()
            assert await telemetry.counted() < end, "it was done before it was killed"
            running = successor
        await telemetry.all_counted(within=180)
    await assert_exact(telemetry, plans)
    (kept,) = await telemetry.rows(
        "select count(*)::int as plans, sum(messages)::int as messages from telemetry.plans"
    )
    assert (kept["plans"], kept["messages"]) == (len(plans), len(log))


async def passes(telemetry: TelemetryWorld, offsets: int) -> None:
    async def check() -> None:
        assert await telemetry.counted() > offsets

    await eventually(check, within=120)


@asynccontextmanager
async def aggregator(telemetry: TelemetryWorld, log: Path) -> AsyncIterator[Process]:
    """Runs the service as a process, in transactions of few records so that it is killed amid its work."""
    settings = telemetry.settings
    environment = {
        "AGENTBUS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "AGENTBUS_NAMESPACE": settings.namespace,
        "AGENTBUS_POSTGRES_URL": settings.postgres_url,
        "AGENTBUS_AUTH": "none",
        "AGENTBUS_TELEMETRY_BATCH_RECORDS": "10",
        "AGENTBUS_TELEMETRY_SESSION_SECONDS": "1",
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agentbus.telemetry",
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
