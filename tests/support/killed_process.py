"""A process that is killed in the middle of its work."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).parents[1]


async def output_until_killed(command: Sequence[str], *, lines: int) -> list[str]:
    """Runs `command`, kills it (-9) after that many lines; returns all whole lines that it wrote."""
    process = await asyncio.create_subprocess_exec(*command, cwd=TESTS, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    first = [await process.stdout.readline() for _ in range(lines)]
    process.kill()
    rest = await process.stdout.read()
    await process.wait()
    written = b"".join(first) + rest
    return written[: written.rfind(b"\n")].decode().splitlines()
