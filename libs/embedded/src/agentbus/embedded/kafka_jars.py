"""Apache Kafka, as the jars that `infra/kafka/jars.lock` names: `group:artifact:version sha256` a line.

Guarantees that every jar on the class path has the hash that was committed.
"""

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import requests
from jgo.maven import MavenContext

from agentbus.embedded.cache import fingerprint, install
from agentbus.embedded.errors import FetchFailed, HashMismatch
from agentbus.embedded.progress import Report
from agentbus.embedded.repository import INFRA

LOCK: Final = INFRA / "kafka" / "jars.lock"
_CONNECTIONS: Final = 12
_TRIES: Final = 3


class Jar(NamedTuple):
    """A Maven artifact and the hash of its file."""

    group: str
    artifact: str
    version: str
    sha256: str


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """Returns the jars that the lock names."""
    return [Jar(*line.replace(" ", ":").split(":")) for line in lock.read_text().splitlines()]


def fetch_jars(report: Report, lock: Path = LOCK) -> Path:
    """Returns the folder with Kafka's jars, downloading them when they are not in the cache.

    Raises HashMismatch when a file is not the committed one, FetchFailed when it cannot be had.
    """
    return install(f"kafka-{fingerprint(lock)}", lambda folder: _download(read_lock(lock), folder, report))


def _download(jars: list[Jar], folder: Path, report: Report) -> None:
    scratch = folder / ".m2"
    remote = os.environ.get("AGENTBUS_MAVEN_URL")
    maven = MavenContext(
        repo_cache=scratch, local_repos=[], remote_repos={"mirror": remote} if remote else None, timeout=60
    )
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for count, path in enumerate(pool.map(lambda jar: _checked(maven, jar), jars), 1):
            path.rename(folder / path.name)
            report("kafka", f"downloaded {count} of {len(jars)} files")
    shutil.rmtree(scratch)


def _checked(maven: MavenContext, jar: Jar) -> Path:
    path = _resolve(maven, jar)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != jar.sha256:
        raise HashMismatch(
            f"{path.name} has SHA-256 {found}, {LOCK.name} says {jar.sha256}: the download was changed "
            "on its way or damaged. Nothing was kept; try again, or look at the repository that it came from."
        )
    return path


def _resolve(maven: MavenContext, jar: Jar) -> Path:
    artifact = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    for tries_left in reversed(range(_TRIES)):
        try:
            return artifact.resolve()
        except (requests.RequestException, RuntimeError, OSError) as error:
            shutil.rmtree(maven.repo_cache / artifact.component.path_prefix, ignore_errors=True)
            if not tries_left:
                raise FetchFailed(
                    f"cannot download {jar.artifact} {jar.version}: {error}. "
                    "Check the connection, or set AGENTBUS_MAVEN_URL to a mirror of Maven Central."
                ) from error
    raise AssertionError("unreachable")
