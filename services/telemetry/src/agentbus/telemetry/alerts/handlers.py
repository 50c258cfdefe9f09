"""What people do with alerts: list, read, acknowledge; and the limits that they set. Called by `routes`."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from agentbus.contracts.alerts import Alert, AlertState, Severity
from agentbus.contracts.http.alerts import (
    AlertDelivery,
    AlertEvent,
    AlertWithHistory,
    Limit,
    LimitKind,
)
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.clock import Clock
from agentbus.postgres.database import Connection, Database, Row
from agentbus.telemetry.alerts import store
from agentbus.telemetry.alerts.errors import AlertIsOver, UnknownAlert, UnknownLimit
from agentbus.telemetry.alerts.model import Changes, Tracked, acknowledged
from agentbus.telemetry.alerts.owners import Owner
from agentbus.telemetry.alerts.store import Act

_MINE = "(workspace_id = $1 or (workspace_id is null and $2))"


@dataclass(frozen=True)
class Wanted:
    """Which alerts; None: it does not matter. Pending ones are seen when they are asked for."""

    state: AlertState | None = None
    rule: str | None = None
    severity: Severity | None = None
    plan_id: str | None = None


async def listed(
    database: Database, owner: Owner, wanted: Wanted, limit: int, cursor: int | None
) -> tuple[list[orjson.Fragment], int | None]:
    """Returns alerts, the newest first, and where the rest begins. Raises Transient."""
    async with database.transaction(snapshot=True) as connection:
        rows = await connection.fetch(
            f"""
            select number, body from telemetry.alerts
            where {_MINE}
                and case when $3::text is null then state <> 'pending' else state = $3 end
                and ($4::text is null or rule = $4)
                and ($5::text is null or severity = $5)
                and ($6::text is null or plan_id = $6)
                and ($7::bigint is null or number < $7)
            order by number desc limit $8
            """,  # noqa: S608  our own words
            *(owner.workspace_id, owner.operator),
            *(wanted.state, wanted.rule, wanted.severity, wanted.plan_id, cursor, limit + 1),
        )
    page = [orjson.Fragment(row["body"]) for row in rows[:limit]]
    return page, rows[limit - 1]["number"] if len(rows) > limit else None


async def read(database: Database, owner: Owner, alert_id: str) -> AlertWithHistory:
    """Returns an alert with what became of it. Raises UnknownAlert, Transient."""
    async with database.transaction(snapshot=True) as connection:
        row = await _row(connection, owner, alert_id, lock=False)
        events = await connection.fetch(
            "select number, transition, at, by_user, note from telemetry.alert_events where alert_id = $1 "
            "order by number",
            alert_id,
        )
        deliveries = await connection.fetch(
            "select number, channel, state, tries, last_error, delivered_at from telemetry.alert_deliveries "
            "where alert_id = $1 order by 1, 2",
            alert_id,
        )
    return AlertWithHistory(
        **orjson.loads(row["body"]),
        events=[_event(each) for each in events],
        deliveries=[_delivery(each) for each in deliveries],
    )


async def acknowledge(
    database: Database, clock: Clock, owner: Owner, alert_id: str, note: str
) -> orjson.Fragment:
    """Says that someone looks after an alert; again changes nothing. Returns the alert.

    Raises UnknownAlert, AlertIsOver, Transient.
    """
    now = clock.now()
    async with database.transaction() as connection:
        row = await _row(connection, owner, alert_id, lock=True)
        if row["state"] in ("resolved", "pending"):
            raise AlertIsOver(f"the alert is {row['state']}")
        if row["state"] == "firing":
            alert = acknowledged(Alert.model_validate_json(row["body"]), owner.user_id, now)
            tracked = Tracked(alert, row["source"], row["clear_seconds"], row["clearing_since"])
            await store.write(
                connection, Changes([(tracked, "acknowledged")]), (), Act(now, owner.user_id, note)
            )
            row = await _row(connection, owner, alert_id, lock=False)
    return orjson.Fragment(row["body"])


async def limits(database: Database, workspace_id: str) -> Sequence[Limit]:
    """Returns the workspace's limits. Raises Transient."""
    async with database.transaction(snapshot=True) as connection:
        rows = await connection.fetch(
            "select * from telemetry.limits where workspace_id = $1 order by kind, name", workspace_id
        )
    return [_limit(row) for row in rows]


async def set_limit(
    database: Database, clock: Clock, who: tuple[str, str], of: tuple[LimitKind, str], value: float
) -> Limit:
    """Sets a limit for workspace and user `who`; it holds from the next evaluation on. Raises Transient."""
    (workspace_id, user_id), (kind, name) = who, of
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            """
            insert into telemetry.limits (workspace_id, kind, name, value, changed_at, changed_by)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (workspace_id, kind, name) do update set value = excluded.value,
                changed_at = excluded.changed_at, changed_by = excluded.changed_by
            returning *
            """,
            *(workspace_id, kind, name, value, clock.now(), user_id),
        )
    assert row is not None
    return _limit(row)


async def remove_limit(database: Database, workspace_id: str, kind: LimitKind, name: str) -> None:
    """Removes a limit. Raises UnknownLimit, Transient."""
    async with database.transaction() as connection:
        removed = await connection.fetchval(
            "delete from telemetry.limits where workspace_id = $1 and kind = $2 and name = $3 returning 1",
            *(workspace_id, kind, name),
        )
    if removed is None:
        raise UnknownLimit("no such limit is set")


async def _row(connection: Connection, owner: Owner, alert_id: str, *, lock: bool) -> Row:
    row = await connection.fetchrow(
        f"select * from telemetry.alerts where {_MINE} and alert_id = $3" + (" for update" if lock else ""),  # noqa: S608
        *(owner.workspace_id, owner.operator, alert_id),
    )
    if row is None:
        raise UnknownAlert("there is no such alert here")
    return row


def _event(row: Row) -> AlertEvent:
    plain = {name: row[name] for name in ("number", "transition", "note")}
    return AlertEvent(**plain, at=format_timestamp(row["at"]), by=row["by_user"])


def _delivery(row: Row) -> AlertDelivery:
    told = row["delivered_at"]
    return AlertDelivery(**dict(row) | {"delivered_at": told and format_timestamp(told)})


def _limit(row: Row) -> Limit:
    plain = {name: row[name] for name in ("kind", "name", "changed_by")}
    return Limit(**plain, limit=row["value"], changed_at=format_timestamp(row["changed_at"]))
