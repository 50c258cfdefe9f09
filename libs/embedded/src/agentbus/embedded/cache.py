"""Downloads and builds, kept outside the clone and shared by all clones of one user.

Guarantees that a name in the cache is either complete or absent, whoever was killed while making it, and that
two processes never make the same thing at once.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """Returns `$AGENTBUS_CACHE_DIR`, or `agentbus` in the user's cache folder."""
    if chosen := os.environ.get("AGENTBUS_CACHE_DIR"):
        return Path(chosen).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agentbus"


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Holds the lock file `path`; blocks while another process or thread holds it. Ends with its holder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(name: str, build: Callable[[Path], None]) -> Path:
    """Returns the folder `name` of the cache; if absent, has `build` fill a new folder and renames it.

    Whatever `build` raises is passed on, and nothing is kept.
    """
    folder = cache_dir()
    target = folder / name
    if target.exists():
        return target
    with exclusive(folder / f".{name}.lock"):
        if target.exists():
            return target
        scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder))
        try:
            build(scratch)
            scratch.chmod(0o755)
            scratch.rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return target


def fingerprint(*files: Path) -> str:
    """Returns eight characters that change when any of `files` does."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
