"""A service as a process: stops gracefully on SIGTERM, in bounded time; its exit code says how it ended."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

PROGRAM = """
import asyncio
from contextlib import asynccontextmanager
from fastapi import APIRouter
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_app
from agentbus.chassis.serve import main
from agentbus.chassis.settings import ServiceSettings
from agentbus.kernel.errors import Fatal

router = APIRouter()
health = Health()
break_now = asyncio.Event()

@router.get("/slow")
async def slow() -> str:
    print("begun", flush=True)
    await asyncio.sleep(1)
    return "finished"

@router.get("/stuck")
async def stuck() -> str:
    print("begun", flush=True)
    await asyncio.sleep(60)
    return "never"

@router.get("/waiting")
async def waiting() -> str:
    stopping = asyncio.Event()
    health.on_stop(stopping.set)
    print("begun", flush=True)
    await stopping.wait()
    return "so far"

@router.get("/break")
async def break_it() -> str:
    break_now.set()
    return "broken"

async def work():
    await break_now.wait()
    raise Fatal("too much poison")

@asynccontextmanager
async def lifespan(app):
    async with running("work", work, health):
        yield
    print("parts stopped", flush=True)
    if {hang_at_stop}:
        await asyncio.sleep(60)

def build(settings):
    return build_app(settings, service="demo", lifespan=lifespan, routers=[router], health=health)

main("demo", ServiceSettings, build)
"""


class Service:
    """A running process of `PROGRAM`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20)

    async def says(self, line: str) -> None:
        assert self.process.stdout is not None
        assert await asyncio.wait_for(self.process.stdout.readline(), 10) == f"{line}\n".encode()

    async def ended(self, within: float) -> tuple[int, str]:
        out, _ = await asyncio.wait_for(self.process.communicate(), within)
        assert self.process.returncode is not None
        return self.process.returncode, out.decode()


@asynccontextmanager
async def _service(folder: Path, *, hang_at_stop: bool = False, **settings: str) -> AsyncIterator[Service]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = folder / "service.py"
    program.write_text(PROGRAM.replace("{hang_at_stop}", str(hang_at_stop)))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AGENTBUS_")},
        "AGENTBUS_AUTH": "none",
        "AGENTBUS_PORT": str(port),
        "AGENTBUS_STOP_GRACE_SECONDS": "2",
        **{f"AGENTBUS_{name.upper()}": value for name, value in settings.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        program,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    service = Service(process, port)
    try:
        await _live(service)
        yield service
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
        await service.http.aclose()


async def _live(service: Service) -> None:
    async with asyncio.timeout(20):
        while service.process.returncode is None:
            try:
                await service.http.get("/health/live")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
    pytest.fail("the service ended while it started")


async def test_running_requests_finish_and_parts_stop(tmp_path: Path) -> None:
    async with _service(tmp_path) as service:
        request = asyncio.create_task(service.http.get("/slow"))
        await service.says("begun")
        service.process.send_signal(signal.SIGTERM)
        assert (await request).json() == "finished"
        assert await service.ended(within=5) == (0, "parts stopped\n")


async def test_requests_that_wait_are_answered_when_it_stops(tmp_path: Path) -> None:
    async with _service(tmp_path) as service:
        request = asyncio.create_task(service.http.get("/waiting"))
        await service.says("begun")
        service.process.send_signal(signal.SIGTERM)
        assert (await request).json() == "so far"
        assert await service.ended(within=5) == (0, "parts stopped\n")


async def test_nothing_holds_up_the_stop_for_long(tmp_path: Path) -> None:
    async with _service(tmp_path, hang_at_stop=True) as service:
        request = asyncio.create_task(service.http.get("/stuck"))
        await service.says("begun")
        service.process.send_signal(signal.SIGTERM)
        assert await service.ended(within=10) == (0, "parts stopped\n")
        cut = await request
        assert (cut.status_code, cut.json()["code"]) == (503, "stopping")
        assert "Retry-After" in cut.headers


async def test_a_part_that_fails_ends_the_process(tmp_path: Path) -> None:
    async with _service(tmp_path) as service:
        await service.http.get("/break")
        assert await service.ended(within=5) == (1, "parts stopped\n")


async def test_settings_that_are_wrong_end_it_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(BaseException, match="ended while it started"):
        async with _service(tmp_path, auth="token"):
            pass
