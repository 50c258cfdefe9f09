"""Programs built from Go modules of this repository: a module's go.sum is the guarantee of what was built."""

import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agentbus.embedded import golang
from agentbus.embedded.cache import fingerprint, install
from agentbus.embedded.go_patch import Patch, patched
from agentbus.embedded.progress import Report

_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-ldflags=-s -w")


def build(
    name: str, module: Path, report: Report, *, flags: Sequence[str] = (), patch: Patch | None = None
) -> Path:
    """Returns the executable of `module`, called `name`; builds what is not in the cache.

    `patch` changes one of the modules that it is made of. Raises FetchFailed when it does not build.
    """
    sources = [module / file for file in ("go.mod", "go.sum", "main.go")] + ([patch.changes] if patch else [])
    folder = f"{name}-{fingerprint(*sources)}-{platform.system()}-{platform.machine()}".lower()

    def make(target: Path) -> None:
        go = golang.find_go(report)
        report(name, "building (a minute, once)")
        with tempfile.TemporaryDirectory(prefix="agentbus-go-") as scratch:
            changed = patched(go, module, patch, Path(scratch)) if patch else []
            golang.run(go, "build", *_FLAGS, *flags, *changed, "-o", target / name, ".", folder=module)

    return install(folder, make) / name
