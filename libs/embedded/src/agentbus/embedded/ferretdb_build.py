"""FerretDB, built from the module in `infra/ferretdb`: its go.sum is the guarantee of what was built."""

import os
import platform
import subprocess
from pathlib import Path
from typing import Final

from agentbus.embedded.cache import fingerprint, install
from agentbus.embedded.errors import FetchFailed
from agentbus.embedded.golang import find_go
from agentbus.embedded.progress import Report
from agentbus.embedded.repository import INFRA

MODULE: Final = INFRA / "ferretdb"
# Its SQLite backend is half of the build, and unused here.
_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-tags=ferretdb_no_sqlite", "-ldflags=-s -w")


def build_ferretdb(report: Report) -> Path:
    """Returns the `ferretdb` executable, building it when it is not in the cache. Raises FetchFailed."""
    sources = fingerprint(*(MODULE / name for name in ("go.mod", "go.sum", "main.go")))
    name = f"ferretdb-{sources}-{platform.system()}-{platform.machine()}".lower()
    return install(name, lambda folder: _build(folder, report)) / "ferretdb"


def _build(folder: Path, report: Report) -> None:
    go = find_go(report)
    report("ferretdb", "building (a minute, once)")
    done = subprocess.run(  # noqa: S603  our own words
        [go, "build", *_FLAGS, "-o", folder / "ferretdb", "."],
        cwd=MODULE,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FetchFailed(f"FerretDB does not build:\n{done.stderr.strip()[-2000:]}")
