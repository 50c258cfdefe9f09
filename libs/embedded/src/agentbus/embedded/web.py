"""The web app's files, built from `services/web`: `python -m agentbus.embedded.web`, for `make web`.

Guarantees that what the edge serves is either absent or a whole build, also while a new one is made; a no-op
when nothing changed. The demo and the tests but those in a browser do without it, and without Node.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from agentbus.embedded.cache import exclusive, fingerprint
from agentbus.embedded.errors import FetchFailed
from agentbus.embedded.node import find_npm
from agentbus.embedded.progress import Report, reporting
from agentbus.embedded.repository import ROOT
from agentbus.kernel.errors import AgentbusError

SOURCE: Final = ROOT / "services" / "web"
WEB_ROOT: Final = SOURCE / "dist"
_CONTRACTS: Final = ROOT / "contracts" / "typescript" / "src"
_RUNBOOKS: Final = ROOT / "infra" / "runbooks"


def build_web(report: Report) -> Path:
    """Returns the folder of the built app, building it when a source changed. Raises FetchFailed."""
    with exclusive(SOURCE / ".build.lock"):
        sources = _sources()
        if _mark(WEB_ROOT) != sources:
            began = time.monotonic()
            _build(sources, report)
            report("web", f"built in {time.monotonic() - began:.0f} s", done=True)
    return WEB_ROOT


def _sources() -> str:
    folders = (SOURCE / "src", SOURCE / "public", _CONTRACTS, _RUNBOOKS)
    files = [path for path in SOURCE.iterdir() if path.is_file() and not path.name.startswith(".")]
    files += [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return fingerprint(*sorted(files))


def _build(sources: str, report: Report) -> None:
    folder, npm = find_npm(report)
    environment = {**os.environ, "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", "")])}
    packages = SOURCE / "node_modules"
    lock = fingerprint(SOURCE / "package-lock.json")
    if _mark(packages) != lock:
        report("web", "fetching its packages (npm ci)")
        _npm([*npm, "ci", "--no-audit", "--no-fund"], environment)
        _set_mark(packages, lock)
    report("web", "building")
    scratch = Path(tempfile.mkdtemp(prefix=".dist.", dir=SOURCE))
    try:
        _npm([*npm, "run", "build", "--", "--outDir", str(scratch)], environment)
        _set_mark(scratch, sources)
        scratch.chmod(0o755)
        shutil.rmtree(WEB_ROOT, ignore_errors=True)
        scratch.rename(WEB_ROOT)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _npm(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603  our own words
        command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise FetchFailed(f"the web app cannot be built: `{' '.join(command[-4:])}` says\n{said}")


def _mark(folder: Path) -> str:
    try:
        return (folder / ".agentbus").read_text()
    except FileNotFoundError:
        return ""


def _set_mark(folder: Path, text: str) -> None:
    (folder / ".agentbus").write_text(text)


if __name__ == "__main__":
    try:
        with reporting() as reported:
            build_web(reported)
    except AgentbusError as error:
        sys.exit(error.message)
