"""Silences: made, listed, ended. Called by the routes; each takes effect in the transaction that makes it."""

from datetime import timedelta
from uuid import uuid4

import orjson

from agentbus.contracts.http.alerts import NewSilence, Silence
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.clock import Clock
from agentbus.postgres.database import Database, Row
from agentbus.telemetry.alerts import store
from agentbus.telemetry.alerts.errors import UnknownSilence
from agentbus.telemetry.alerts.owners import Owner

LISTED_MOST = 500


async def create(database: Database, clock: Clock, owner: Owner, asked: NewSilence) -> Silence:
    """Makes a silence of the owner's alerts, from now on. Raises Transient."""
    now = clock.now()
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            """
            insert into telemetry.silences (silence_id, workspace_id, rule, severity, subject, reason,
                created_at, created_by, ends_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning *
            """,
            *(str(uuid4()), owner.workspace_id, asked.rule, asked.severity),
            *(orjson.dumps(asked.subject).decode(), asked.reason, now, owner.user_id),
            now + timedelta(seconds=asked.seconds),
        )
        await store.silence_again(connection, now)
    assert row is not None
    return _view(row)


async def end(database: Database, clock: Clock, owner: Owner, silence_id: str) -> None:
    """Ends a silence now; again does nothing. Raises UnknownSilence, Transient."""
    now = clock.now()
    async with database.transaction() as connection:
        found = await connection.fetchval(
            "update telemetry.silences set ends_at = least(ends_at, $2) where silence_id = $1 "
            "and (workspace_id = $3 or (workspace_id is null and $4)) returning 1",
            *(silence_id, now, owner.workspace_id, owner.operator),
        )
        if found is None:
            raise UnknownSilence("there is no such silence here")
        await store.silence_again(connection, now)


async def listed(database: Database, owner: Owner) -> list[Silence]:
    """Returns the owner's silences that are kept, the newest first; of operators the system's, too."""
    async with database.transaction(snapshot=True) as connection:
        rows = await connection.fetch(
            "select * from telemetry.silences where workspace_id = $1 or (workspace_id is null and $2) "
            "order by created_at desc, silence_id limit $3",
            *(owner.workspace_id, owner.operator, LISTED_MOST),
        )
    return [_view(row) for row in rows]


def _view(row: Row) -> Silence:
    plain = ("silence_id", "workspace_id", "rule", "severity", "reason", "created_by")
    return Silence(
        **{name: row[name] for name in plain},
        subject=orjson.loads(row["subject"]),
        created_at=format_timestamp(row["created_at"]),
        ends_at=format_timestamp(row["ends_at"]),
    )
