"""The outbox' SQLite file. Every call blocks; `outbox` makes them in one thread of its own."""

import sqlite3
from collections.abc import Sequence
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
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
        try:
            # Exclusive: a second process with the same file would publish everything again and again.
            self._connection.execute("pragma locking_mode = exclusive")
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute(f"pragma synchronous = {synchronous}")
            self._connection.execute(_SCHEMA)
            row = self._connection.execute("select coalesce(max(id), 0), count(*) from outbox").fetchone()
        except sqlite3.OperationalError as error:
            self._connection.close()
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
            if self._connection.in_transaction:
                self._connection.execute("rollback")
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

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def _columns(row: Row) -> tuple[int, str, str, bytes, bytes | None]:
    record = row.record
    headers = orjson.dumps([(name, value.decode("latin-1")) for name, value in record.headers])
    return row.id, record.topic, record.key, headers, record.value


def _row(row_id: int, topic: str, key: str, headers: bytes, value: bytes | None) -> Row:
    restored = [(name, text.encode("latin-1")) for name, text in orjson.loads(headers)]
    return Row(row_id, Outgoing(topic, key, value, restored))
