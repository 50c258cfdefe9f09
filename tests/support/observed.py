"""The whole system at work, its spans through a real Collector, its metrics into a real Prometheus.

The fixture of `make observe`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
from support.collector import Collector, collector
from support.one_trace import caller, make_task, run_plan
from support.otlp_receiver import receiving
from support.prometheus import Prometheus, prometheus
from support.stack import stack_home
from support.system import WORKSPACE, System, environment, token

from agentbus.embedded.stack import Stack

FOLLOWED: Final = f"/api/v3/workspaces/{WORKSPACE}/sync/tasks/stream"


@dataclass(frozen=True)
class Observed:
    """A system at work, and who observes it."""

    system: System
    collector: Collector
    prometheus: Prometheus


@pytest.fixture(scope="session")
async def observed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Observed]:
    """All of it, with plans and changes as long as the tests run."""
    folder = tmp_path_factory.mktemp("observed")
    with stack_home() as home, receiving() as traces:
        async with collector(traces.url, folder / "collector.log") as collecting:
            settings = environment() | {
                "AGENTBUS_OTLP_ENDPOINT": collecting.url,
                "AGENTBUS_TRACE_SAMPLE_RATIO": "1",
            }
            async with Stack(home=home, environment=settings) as stack:
                system = System(stack, token(stack), traces)
                async with prometheus(home / "prometheus.yml", folder) as scraping, _at_work(system):
                    yield Observed(system, collecting, scraping)


@contextlib.asynccontextmanager
async def _at_work(system: System) -> AsyncIterator[None]:
    async def work() -> None:
        while True:
            await run_plan(system, caller())
            async with system.client() as client, client.stream("GET", FOLLOWED):  # by one client over events
                await make_task(system, caller())
            await system.submit(wait=30, inputs={"messages": 1, "fail": True})

    working = asyncio.create_task(work())
    try:
        yield
        assert not working.done(), working.result()
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
