"""Programs built from Go modules of this repository: a module's go.sum is the guarantee of what was built."""

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agentbus.embedded.cache import fingerprint, install
from agentbus.embedded.errors import FetchFailed
from agentbus.embedded.golang import find_go
from agentbus.embedded.progress import Report

_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-ldflags=-s -w")


def build(name: str, module: Path, report: Report, *, flags: Sequence[str] = ()) -> Path:
    """Returns the executable of `module`, called `name`; builds what is not in the cache.

    Raises FetchFailed when it does not build.
    """
    sources = fingerprint(*(module / file for file in ("go.mod", "go.sum", "main.go")))
    folder = f"{name}-{sources}-{platform.system()}-{platform.machine()}".lower()

    def make(target: Path) -> None:
        go = find_go(report)
        report(name, "building (a minute, once)")
        done = subprocess.run(  # noqa: S603  our own words
            [go, "build", *_FLAGS, *flags, "-o", target / name, "."],
            cwd=module,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FetchFailed(f"{name} does not build:\n{done.stderr.strip()[-2000:]}")

    return install(folder, make) / name
