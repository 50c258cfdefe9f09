"""A real OpenTelemetry Collector: infra/observability/collector, with the configuration that compose runs."""

import asyncio
import os
from asyncio.subprocess import create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from support.eventually import eventually

from agentbus.embedded.go_build import build
from agentbus.embedded.ports import choose
from agentbus.embedded.progress import PlainReport
from agentbus.embedded.repository import INFRA

FOLDER: Final = INFRA / "observability"


@dataclass(frozen=True)
class Collector:
    """Where it takes spans, and where it tells its own figures."""

    url: str
    metrics_url: str

    async def figure(self, name: str) -> float:
        """Returns the sum of one of its own metrics; 0 while it has none."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(self.metrics_url)).text
        lines = [line for line in text.splitlines() if line.startswith(name)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@asynccontextmanager
async def collector(store: str, log: Path) -> AsyncIterator[Collector]:
    """Runs one on free ports that hands all spans to `store` (OTLP/HTTP)."""
    program = await asyncio.to_thread(build, "collector", FOLDER / "collector", PlainReport())
    taken: set[int] = set()
    for _ in range(3):
        taken.add(choose(taken))
    http, grpc, metrics = sorted(taken)
    settings = {
        "COLLECTOR_HOST": "127.0.0.1",
        "COLLECTOR_HTTP_PORT": str(http),
        "COLLECTOR_GRPC_PORT": str(grpc),
        "COLLECTOR_METRICS_PORT": str(metrics),
        "COLLECTOR_STORE": store,
    }
    with log.open("wb") as output:
        process = await create_subprocess_exec(
            program,
            f"--config={FOLDER / 'collector.yaml'}",
            env={**os.environ, **settings},
            stdout=output,
            stderr=output,
        )
    running = Collector(f"http://127.0.0.1:{http}", f"http://127.0.0.1:{metrics}/metrics")

    async def answers() -> None:
        assert process.returncode is None, log.read_text()[-3000:]
        try:
            await running.figure("otelcol_process_uptime")
        except httpx.HTTPError as error:
            raise AssertionError(repr(error)) from error

    try:
        await eventually(answers, within=60)
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
