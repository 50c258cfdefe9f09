"""Runs a tool as a child process within limits; called by the teams for each tool.

Guarantees that a tool never outlives its caller: at the time limit, at cancellation and at the runner's death
its whole process group is killed. It sees no key or token of ours, has no input, and can fill neither memory
(`RLIMIT_AS`, per process) nor the log.
"""

import asyncio
import contextlib
import hashlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agentbus.contracts.payloads import Cut
from agentbus.runner.errors import ToolFailed

_LAUNCHER: Final = Path(__file__).with_name("launch.py")
_CHUNK_BYTES: Final = 64 * 1024
_STDERR_KEPT_BYTES: Final = 8 * 1024
_REAP_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Limits:
    """What a tool may use. `kept_bytes` of its output are kept; past `output_bytes` it is killed."""

    time_seconds: float = 120.0
    memory_bytes: int = 2 * 1024**3
    kept_bytes: int = 256 * 1024
    output_bytes: int = 64 * 1024**2
    niceness: int = 10


@dataclass(frozen=True)
class Finished:
    """A tool that ended. `cut` is there when `output` is only a prefix of what it printed."""

    exit_code: int
    output: bytes
    cut: Cut | None
    complaints: str


class _Kept:
    """The first bytes of a stream, and the size and SHA-256 of all of it."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0
        self.content = bytearray()

    def add(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        self.content += chunk[: max(0, self._limit_bytes - len(self.content))]

    def cut(self) -> Cut | None:
        if self.size_bytes <= self._limit_bytes:
            return None
        return Cut(size_bytes=self.size_bytes, sha256=self._hash.hexdigest())


async def run(
    command: Sequence[str],
    *,
    cwd: Path,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Runs `command` (its first word an absolute path) in `cwd` to its end, whatever its exit code.

    `environment` is all that the tool gets besides PATH, LANG and a HOME that is not ours. Raises ToolFailed
    with code `tool_timed_out`, `tool_output_too_large`, or `tool_failed` when a signal ended it.
    """
    limits = limits or Limits()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(_LAUNCHER),
        str(os.getpid()),
        str(limits.memory_bytes),
        str(limits.niceness),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent", **(environment or {})},
        start_new_session=True,
    )
    output, complaints = _Kept(limits.kept_bytes), _Kept(_STDERR_KEPT_BYTES)
    readers = [
        asyncio.create_task(_read(process.stdout, output, limits.output_bytes)),
        asyncio.create_task(_read(process.stderr, complaints, limits.output_bytes)),
    ]
    try:
        async with asyncio.timeout(limits.time_seconds):
            await asyncio.gather(*readers)
            exit_code = await process.wait()
    except TimeoutError as error:
        message = f"{Path(command[0]).name} took longer than {limits.time_seconds:g} s"
        raise ToolFailed(message, code="tool_timed_out") from error
    finally:
        await asyncio.shield(_kill(process, readers))
    said = bytes(complaints.content).decode("utf-8", "replace")
    if exit_code < 0:
        raise ToolFailed(f"{Path(command[0]).name} was ended by signal {-exit_code}: {said[-500:]}")
    return Finished(exit_code, bytes(output.content), output.cut(), said)


async def _read(stream: asyncio.StreamReader | None, kept: _Kept, limit_bytes: int) -> None:
    assert stream is not None
    while chunk := await stream.read(_CHUNK_BYTES):
        kept.add(chunk)
        if kept.size_bytes > limit_bytes:
            raise ToolFailed(f"It printed more than {limit_bytes} bytes", code="tool_output_too_large")


async def _kill(process: asyncio.subprocess.Process, readers: Sequence[asyncio.Task[None]]) -> None:
    """Kills what is left of the process group and waits for the leader."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for reader in readers:
        reader.cancel()
    await asyncio.wait(readers)
    # asyncio's wait() also waits for the pipes to end, which they do only when what is in them is read, and
    # not at all while a process that left the group holds them.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REAP_SECONDS):
            await process.communicate()
