"""Gets everything that the stack needs and that no wheel of the lock brings; a no-op once it is cached."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from agentbus.embedded.ferretdb_build import build_ferretdb
from agentbus.embedded.kafka_jars import fetch_jars
from agentbus.embedded.progress import Report, silent


@dataclass(frozen=True)
class Binaries:
    """Where the fetched parts are."""

    kafka_jars: Path
    ferretdb: Path


def fetch(report: Report = silent) -> Binaries:
    """Downloads Kafka and builds FerretDB, at the same time. Raises FetchFailed or HashMismatch."""
    with ThreadPoolExecutor(2) as pool:
        kafka = pool.submit(_timed, "kafka", "fetched", report, fetch_jars)
        ferretdb = pool.submit(_timed, "ferretdb", "built", report, build_ferretdb)
        return Binaries(kafka.result(), ferretdb.result())


def _timed(part: str, verb: str, report: Report, get: Callable[[Report], Path]) -> Path:
    start = time.monotonic()
    path = get(report)
    if (took := time.monotonic() - start) > 1:
        report(part, f"{verb} in {took:.0f} s", done=True)
    return path
