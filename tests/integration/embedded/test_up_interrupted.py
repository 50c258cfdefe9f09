"""Whatever ends `agentbus up --foreground`, at whatever moment, ends everything that it started."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.eventually import eventually
from support.stack import stack_home

from agentbus.embedded.layout import Layout
from agentbus.embedded.orphans import left_over

pytestmark = pytest.mark.integration


@asynccontextmanager
async def _up(home: Path) -> AsyncIterator[Process]:
    # A shell starts its background jobs with Ctrl-C ignored, and whatever they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from agentbus.cli.app import main; main()"),
        *("up", "--parts", "postgres", "--foreground", "--name", home.name),
        env={**os.environ, "AGENTBUS_STATE_DIR": str(home.parent)},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _wait_for(process: Process, word: bytes) -> None:
    assert process.stdout
    assert process.stderr
    stream = process.stderr if word == b"starting" else process.stdout
    async with asyncio.timeout(60):
        while word not in (line := await stream.readline()):
            assert line, "it ended before it said what was waited for"


@pytest.mark.parametrize("moment", [b"starting", b"Ctrl-C"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_everything(moment: bytes, number: signal.Signals) -> None:
    with stack_home() as home:
        async with _up(home) as process:
            await _wait_for(process, moment)
            process.send_signal(number)
            assert await asyncio.wait_for(process.wait(), 30) == 130
        assert left_over(Layout(home.resolve())) == []


async def test_even_killed_it_leaves_nothing_behind() -> None:
    with stack_home() as home:
        async with _up(home) as process:
            await _wait_for(process, b"Ctrl-C")
            assert left_over(Layout(home.resolve()))
            process.kill()
            await eventually(lambda: _gone(home), within=20)


def _gone(home: Path) -> None:
    assert left_over(Layout(home.resolve())) == []
