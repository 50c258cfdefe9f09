"""A disk that is really full (ENOSPC): what was kept stays, and the outbox makes room by itself (A5.1)."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
MOUNT = 'mount -t tmpfs -o size="$1" outbox "$0" && shift && exec "$@"'
"""A small disk of its own, in namespaces of its own (util-linux' unshare): it is gone with the process."""


@pytest.mark.parametrize("size", ["1m", "8m"])
async def test_a_disk_that_it_filled_has_room_again_once_kafka_has_all(tmp_path: Path, size: str) -> None:
    program = (sys.executable, "-m", "support.full_disk", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, str(tmp_path), size, *program),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, told.decode()
