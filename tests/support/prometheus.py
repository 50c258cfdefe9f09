"""A real Prometheus (Debian: apt-get install prometheus) scraping a stack as its `prometheus.yml` says.

Called by the fixture of `make observe`.
"""

import asyncio
import math
import shutil
import time
from asyncio.subprocess import create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from support.eventually import eventually

from agentbus.embedded.ports import choose

SCRAPE_SECONDS: Final = 5


@dataclass
class Prometheus:
    """What it answers over its HTTP API (v1)."""

    url: str
    began: float = field(default_factory=time.time)

    async def get(self, path: str, **parameters: Any) -> Any:
        """Returns the `data` of an answer; the error of a refused query is raised as ValueError."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            body = (await client.get(f"/api/v1/{path}", params=parameters)).json()
        if body["status"] != "success":
            raise ValueError(f"{parameters}: {body['error']}")
        return body["data"]

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Returns the series of an instant query."""
        found: list[dict[str, Any]] = (await self.get("query", query=expression))["result"]
        return found

    async def figures(self, expression: str) -> list[float]:
        """Returns all numbers that the expression came to since Prometheus began; NaN is none."""
        data = await self.get(
            "query_range", query=expression, start=self.began, end=time.time(), step=SCRAPE_SECONDS
        )
        values = [float(value) for series in data["result"] for _, value in series["values"]]
        return [value for value in values if not math.isnan(value)]

    async def exemplars(self, expression: str) -> list[dict[str, str]]:
        """Returns the labels of the exemplars behind an expression."""
        found = await self.get("query_exemplars", query=expression, start=self.began, end=time.time())
        return [each["labels"] for series in found for each in series["exemplars"]]


def tool(name: str) -> str:
    """Returns the path of `prometheus` or `promtool`; says how to get it when it is absent."""
    path = shutil.which(name)
    assert path, f"{name} is not installed (Debian: apt-get install prometheus)"
    return path


async def promtool(*arguments: str | Path) -> str:
    """Returns what promtool says; fails with it when promtool does."""
    process = await create_subprocess_exec(
        tool("promtool"),
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return said


@asynccontextmanager
async def prometheus(configuration: Path, folder: Path) -> AsyncIterator[Prometheus]:
    """Runs one with this configuration on a free port."""
    running = Prometheus(f"http://127.0.0.1:{choose(set())}")
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = await create_subprocess_exec(
            tool("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={running.url.removeprefix('http://')}",
            "--enable-feature=exemplar-storage",
            stdout=output,
            stderr=output,
        )

    async def answers() -> None:
        assert process.returncode is None, log.read_text()[-3000:]
        try:
            await running.query("up")
        except (httpx.HTTPError, ValueError) as error:
            raise AssertionError(repr(error)) from error

    try:
        await eventually(answers, within=60)
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
