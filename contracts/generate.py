"""Writes every generated file of the contracts; `--check` only names those that are stale (exit code 1).

Run by `make contracts` and `make check`. `--release` also makes what it wrote the baseline of compatibility.
"""

import argparse
import shutil
import sys
from pathlib import Path

from agentbus.contracts.generation.artifacts import artifacts, stale, write

FOLDER = Path(__file__).parent


def main() -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--release", action="store_true", help="copy schemas and openapi to baseline/")
    options = parser.parse_args()
    if options.check:
        return _check()
    for path in write(FOLDER, artifacts()):
        sys.stdout.write(f"contracts/{path}\n")
    if options.release:
        for released in ("schemas", "openapi"):
            shutil.rmtree(FOLDER / "baseline" / released, ignore_errors=True)
            shutil.copytree(FOLDER / released, FOLDER / "baseline" / released)
    return 0


def _check() -> int:
    wrong = stale(FOLDER, artifacts())
    for path in wrong:
        sys.stderr.write(f"stale: contracts/{path}\n")
    if wrong:
        sys.stderr.write("run: make contracts\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
