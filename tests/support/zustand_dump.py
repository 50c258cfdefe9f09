"""localStorage as the real zustand persist middleware writes it (tests/support/zustand, run by Node)."""

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agentbus.embedded.node import find_npm
from agentbus.embedded.progress import silent

FOLDER = Path(__file__).with_name("zustand")
RECORDED = FOLDER / "recorded.json"


@dataclass(frozen=True)
class LocalStorageDump:
    """`values` as the browser holds them, `sent` as they leave it, and the client's own count and hash."""

    values: dict[str, str]
    sent: dict[str, str]
    count: int
    content_hash: str


def recorded() -> LocalStorageDump:
    """Twelve tasks and an odd one, two environments: what `written()` printed when it was recorded."""
    return LocalStorageDump(**json.loads(RECORDED.read_bytes()))


def written(tasks: int = 12, environments: int = 2, words: int = 6, seed: int = 1) -> LocalStorageDump:
    """Runs the middleware now; so many tasks, whose texts have so many words."""
    node = _node_with_packages()
    options = {"tasks": tasks, "environments": environments, "words": words, "seed": seed}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    run = subprocess.run([node, "dump.mjs", *arguments], cwd=FOLDER, check=True, capture_output=True)
    return LocalStorageDump(**json.loads(run.stdout))


def client_hashes(raw: str) -> list[str]:
    """Returns what the client's half hashes of the documents in `raw`, a JSON list."""
    command = [str(_node_with_packages()), "hashes.mjs"]
    run = subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, input=raw.encode())
    hashes: list[str] = json.loads(run.stdout)
    return hashes


@cache
def _node_with_packages() -> Path:
    """Returns the machine's Node, or the one of a wheel, after what the lock file names is installed."""
    folder, npm = find_npm(silent)
    if not (FOLDER / "node_modules" / "zustand").is_dir():
        environment = {**os.environ, "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", "")])}
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=FOLDER, env=environment, check=True, capture_output=True)
    return folder / "node"
