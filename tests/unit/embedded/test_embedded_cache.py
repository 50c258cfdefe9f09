"""A name in the cache is complete or absent."""

import threading
import time
from pathlib import Path

import pytest

from agentbus.embedded.cache import fingerprint, install


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTBUS_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_is_built_once() -> None:
    builds: list[Path] = []

    def build(folder: Path) -> None:
        builds.append(folder)
        (folder / "part").write_text("x")

    assert (install("thing", build) / "part").read_text() == "x"
    assert install("thing", build).name == "thing"
    assert len(builds) == 1


def test_a_build_that_fails_leaves_nothing(cache: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        install("thing", build)
    assert [path.name for path in cache.iterdir()] == [".thing.lock"]


def test_two_at_once_build_once() -> None:
    builds: list[Path] = []

    def build(folder: Path) -> None:
        builds.append(folder)
        time.sleep(0.1)

    threads = [threading.Thread(target=install, args=("thing", build)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1


def test_the_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("1")
    before = fingerprint(source)
    source.write_text("2")
    assert fingerprint(source) != before
