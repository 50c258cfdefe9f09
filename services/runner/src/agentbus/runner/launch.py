"""Starts a tool within its limits: run as a script by `process.py`, replaces itself with the tool.

Guarantees that the limits hold from the tool's first instruction, and that the tool is killed when the runner
dies. It is a script of its own because code between fork and exec may deadlock in a program with threads.
Imports nothing of agentbus: it runs without site packages and starts in a few milliseconds.

Usage: python -I -S launch.py PARENT_PID MEMORY_BYTES NICENESS COMMAND [ARGUMENT…]
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, memory_bytes: int, niceness: int, command: list[str]) -> None:
    """Sets the limits and becomes `command`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the runner is gone")
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(niceness)
    os.execv(command[0], command)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
