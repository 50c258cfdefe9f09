"""The outbox' SQLite file. Every call blocks; `outbox` makes them in one thread of its own."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

import orjson

from agentbus.bus.record import Outgoing
from agentbus.kernel.errors import Fatal, Transient

Synchronous = Literal["full", "normal"]

_SCHEMA: Final = """
create table if not exists outbox (
    id integer primary key, topic text not null, key text not null, headers blob not null, value blob
)
"""


class Row(NamedTuple):
    """A record and its place in the order of appends."""

    id: int
    record: Outgoing


class OutboxFile:
    """Rows in the order of their ids. `last_id` and `count` are what the file held when it was opened."""

    def __init__(self, path: Path, synchronous: Synchronous) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._synchronous = path, synchronous
        try:
            self._connection = _open(path, synchronous)
            row = self._connection.execute("select coalesce(max(id), 0), count(*) from outbox").fetchone()
        except sqlite3.OperationalError as error:
            raise Fatal(f"cannot open the outbox {path}: {error}", code="outbox_unusable") from error
        self.last_id: int = row[0]
        self.count: int = row[1]

    def write(self, rows: Sequence[Row], delete_up_to: int) -> None:
        """Adds rows and deletes those up to an id, in one transaction; raises Transient if it cannot."""
        try:
            self._connection.execute("begin immediate")
            self._connection.execute("delete from outbox where id <= ?", (delete_up_to,))
            self._connection.executemany(
                "insert into outbox values (?, ?, ?, ?, ?)", [_columns(row) for row in rows]
            )
            self._connection.execute("commit")
        except sqlite3.Error as error:
            with suppress(sqlite3.ProgrammingError):  # closed: a renewal failed, and will be tried again
                self._connection.rollback()
            raise Transient(f"cannot write the outbox: {error}", code="outbox_unavailable") from error

    def read(self, after_id: int, limit: int) -> list[Row]:
        """Returns up to `limit` rows above `after_id`, in order."""
        try:
            rows = self._connection.execute(
                "select id, topic, key, headers, value from outbox where id > ? order by id limit ?",
                (after_id, limit),
            ).fetchall()
        except sqlite3.Error as error:
            raise Transient(f"cannot read the outbox: {error}", code="outbox_unavailable") from error
        return [_row(*columns) for columns in rows]

    def renew(self) -> None:
        """Goes on with an empty file: what is left where a disk is so full that rows cannot be deleted.

        For that takes room, too, in the write-ahead log. Raises Transient if it cannot; it may be repeated.
        """
        self._connection.close()
        try:
            for suffix in ("", "-wal"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            self._connection = _open(self._path, self._synchronous)
        except (OSError, sqlite3.Error) as error:
            raise Transient(f"cannot renew the outbox: {error}", code="outbox_unavailable") from error

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def _open(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
    try:
        # Exclusive: a second process with the same file would publish everything again and again.
        connection.execute("pragma locking_mode = exclusive")
        connection.execute("pragma journal_mode = wal")
        connection.execute(f"pragma synchronous = {synchronous}")
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _columns(row: Row) -> tuple[int, str, str, bytes, bytes | None]:
    record = row.record
    headers = orjson.dumps([(name, value.decode("latin-1")) for name, value in record.headers])
    return row.id, record.topic, record.key, headers, record.value


def _row(row_id: int, topic: str, key: str, headers: bytes, value: bytes | None) -> Row:
    restored = [(name, text.encode("latin-1")) for name, text in orjson.loads(headers)]
    return Row(row_id, Outgoing(topic, key, value, restored))
