"""Two processes collect the same tests: `make test` runs in several, and they refuse to differ (I3).

Without those in a browser: they run in one process, and what they import is installed for them alone.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]


def collected(seed: int) -> list[str]:
    """Returns the ids of all tests, as a new process with this hash seed collects them."""
    pytest = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "--quiet",
            "--no-header",
            "tests",
            "--ignore=tests/browser",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert pytest.returncode == 0, pytest.stdout[-3000:] + pytest.stderr[-3000:]
    return [line for line in pytest.stdout.splitlines() if "::" in line]


def test_every_process_collects_the_same_tests() -> None:
    with ThreadPoolExecutor() as processes:
        first, second = processes.map(collected, (1, 2))
    assert [(one, other) for one, other in zip(first, second, strict=True) if one != other] == []
    assert len(first) > 1000
