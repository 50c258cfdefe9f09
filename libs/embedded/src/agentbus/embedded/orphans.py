"""Processes of a stack whose supervisor was killed. They are known by a mark in their environment, and
PostgreSQL's (which write over theirs) by the folder they work in."""

import os
from pathlib import Path
from typing import Final

import psutil

from agentbus.embedded.layout import Layout

MARK: Final = "AGENTBUS_STACK_HOME"


def end_orphans(layout: Layout, *, grace_seconds: float = 10) -> bool:
    """Ends what is left of the stack: asks, waits `grace_seconds`, kills. Returns when all is gone.

    Says whether there was anything.
    """
    found = left_over(layout)
    if not found:
        return False
    if grace_seconds:
        _each(found, "terminate")
        _, found = psutil.wait_procs(found, grace_seconds)
    _each(found, "kill")
    psutil.wait_procs(found, 10)
    return True


def left_over(layout: Layout) -> list[psutil.Process]:
    """Returns the processes that belong to the stack, the supervisor included, other than this one."""
    return [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and _belongs(process, layout)
    ]


def _belongs(process: psutil.Process, layout: Layout) -> bool:
    try:
        return process.environ().get(MARK) == str(layout.home) or Path(process.cwd()) == layout.postgres
    except (psutil.Error, OSError):
        return False


def _each(processes: list[psutil.Process], action: str) -> None:
    for process in processes:
        try:
            getattr(process, action)()
        except psutil.NoSuchProcess:
            continue
