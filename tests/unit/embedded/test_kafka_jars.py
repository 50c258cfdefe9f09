"""Every jar on the class path has the hash that was committed; the repository here is one on loopback."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agentbus.embedded.errors import FetchFailed, HashMismatch
from agentbus.embedded.kafka_jars import fetch_jars, read_lock
from agentbus.embedded.progress import silent

CONTENT = b"a jar"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "repository"
    jar = folder / "org/example/thing/1.0/thing-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AGENTBUS_MAVEN_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AGENTBUS_CACHE_DIR", str(tmp_path / "cache"))
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def _lock(folder: Path, *, sha256: str, artifact: str = "thing") -> Path:
    lock = folder / "jars.lock"
    lock.write_text(f"org.example:{artifact}:1.0 {sha256}\n")
    return lock


def _cached(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")]


def test_the_committed_file_is_kept(tmp_path: Path) -> None:
    folder = fetch_jars(silent, _lock(tmp_path, sha256=hashlib.sha256(CONTENT).hexdigest()))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"thing-1.0.jar": CONTENT}


def test_another_file_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with pytest.raises(HashMismatch, match=r"thing-1\.0\.jar has SHA-256 .* Nothing was kept"):
        fetch_jars(silent, _lock(tmp_path, sha256="0" * 64))
    assert _cached(tmp_path) == []


def test_an_absent_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"cannot download absent 1\.0.*AGENTBUS_MAVEN_URL"):
        fetch_jars(silent, _lock(tmp_path, sha256="0" * 64, artifact="absent"))
    assert _cached(tmp_path) == []


def test_the_lock_names_each_jar_once_with_a_hash() -> None:
    jars = read_lock()
    assert len({(jar.group, jar.artifact) for jar in jars}) == len(jars)
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert "kafka_2.13" in {jar.artifact for jar in jars}
