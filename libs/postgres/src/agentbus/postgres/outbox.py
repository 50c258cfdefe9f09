"""Records for the bus that stand in the database, from the transaction that made them until Kafka has them.

Guarantee: a record is published if and only if its transaction was committed. Records of transactions that
exclude one another (a row lock held from before `append` to the commit) are published in their order. Stores
call `append` inside their transaction; the relay takes and removes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agentbus.postgres.columns import columns
from agentbus.postgres.database import Connection

TABLE = """
create table outbox (
    id bigint generated always as identity primary key,
    key text not null,
    value bytea not null,
    traceparent text,
    appended_at timestamptz not null default clock_timestamp()
)
"""
"""For a service's migration."""


@dataclass(frozen=True)
class Pending:
    """A record that Kafka does not have yet, or whose acknowledgement was not noted yet."""

    id: int
    key: str
    value: bytes
    traceparent: str | None
    appended_at: datetime


class Outbox:
    """The outbox in one schema; its channel wakes the relay at each commit."""

    def __init__(self, schema: str) -> None:
        self.table = f'"{schema}".outbox'
        self.channel = f"{schema}_outbox"

    async def append(
        self, connection: Connection, records: Sequence[tuple[str, bytes]], traceparent: str | None = None
    ) -> None:
        """Adds keys and values, in order, to the transaction that `connection` is in."""
        if not records:
            return
        await connection.execute(
            f"""
            insert into {self.table} (key, value, traceparent)
            select key, value, $1 from unnest($2::text[], $3::bytea[]) with ordinality
                as records (key, value, place) order by place
            """,  # noqa: S608  our name
            traceparent,
            *columns(records),
        )
        await connection.execute("select pg_notify($1, '')", self.channel)

    async def oldest(self, connection: Connection, limit: int, limit_bytes: int) -> list[Pending]:
        """Returns the oldest records: at least one, and no more once `limit_bytes` is reached."""
        rows = await connection.fetch(
            f"""
            select id, key, value, traceparent, appended_at from (
                select *, sum(octet_length(value)) over (order by id) - octet_length(value) as bytes_before
                from (select * from {self.table} order by id limit $1) as oldest
            ) as counted
            where bytes_before < $2 order by id
            """,  # noqa: S608
            limit,
            limit_bytes,
        )
        return [Pending(**dict(row)) for row in rows]

    async def remove(self, connection: Connection, records: Sequence[Pending]) -> None:
        """Forgets what Kafka has."""
        await connection.execute(
            f"delete from {self.table} where id = any($1)",  # noqa: S608
            [record.id for record in records],
        )
