"""What this process needs of its machine, as metrics: read when they are scraped. Called by the chassis."""

import asyncio
import resource
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Final

from agentbus.observability.instruments import (
    DISK_FREE_BYTES,
    DISK_SIZE_BYTES,
    LOOP_DELAY_SECONDS,
    MEMORY_BYTES,
)

_LOOK_SECONDS: Final = 0.25
_STATM: Final = Path("/proc/self/statm")


def watch(data_dir: Path) -> None:
    """Shows memory, and the disk that `data_dir` is on or will be; the last call holds."""
    MEMORY_BYTES.set_function(memory_bytes)
    DISK_FREE_BYTES.labels("data").set_function(partial(_disk_bytes, data_dir, "free"))
    DISK_SIZE_BYTES.labels("data").set_function(partial(_disk_bytes, data_dir, "total"))


async def watch_loop() -> None:
    """Measures, until cancelled, how late the running event loop gives back control."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LOOK_SECONDS
        await asyncio.sleep(_LOOK_SECONDS)
        LOOP_DELAY_SECONDS.observe(max(0.0, loop.time() - due))


def memory_bytes() -> float:
    """Returns the resident memory; where the kernel does not tell it, the most that it ever was."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _disk_bytes(folder: Path, what: str) -> float:
    found = folder.resolve()
    while not found.exists():
        found = found.parent
    return float(getattr(shutil.disk_usage(found), what))
