"""Alerts in PostgreSQL. Every function works inside its caller's transaction.

Guarantee of `write`: an alert, its change, the change's record for the bus and what is owed to each channel
are committed together, so a change is told if and only if it holds. Called by `evaluation` and `handlers`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import orjson

from agentbus.contracts.alerts import SCHEMA_VERSION, Alert, AlertChange, Transition
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Connection, Row
from agentbus.postgres.outbox import Outbox
from agentbus.telemetry.alerts.instruments import ALERT_CHANGES
from agentbus.telemetry.alerts.model import Changes, Tracked
from agentbus.telemetry.alerts.silencing import Quiet, silenced_until

SCHEMA: Final = "telemetry"
OUTBOX: Final = Outbox(SCHEMA)
TOLD: Final = frozenset({"firing", "resolved"})
"""The changes that channels are told of; the topic is told of all."""

_OPEN: Final = """
    select body, source, clear_seconds, clearing_since from telemetry.alerts where state <> 'resolved'
    order by number
"""


@dataclass(frozen=True)
class Act:
    """When something changes, and by whom: None, by the evaluation itself."""

    at: datetime
    by: str | None = None
    note: str = ""


async def read_open(connection: Connection, *, lock: bool) -> list[Tracked]:
    """Returns every alert that is not resolved; with `lock`, nobody else changes them meanwhile."""
    rows = await connection.fetch(_OPEN + (" for update" if lock else ""))
    return [
        Tracked(
            Alert.model_validate_json(row["body"]), row["source"], row["clear_seconds"], row["clearing_since"]
        )
        for row in rows
    ]


async def write(connection: Connection, changes: Changes, channels: Sequence[str], act: Act) -> None:
    """Keeps what an evaluation or a person changed; `channels` are those to be told."""
    quiet = await silences(connection, act.at) if changes.written else []
    for tracked, transition in changes.written:
        until = silenced_until(tracked.alert, quiet, act.at)
        silence = {"silenced_until": until and format_timestamp(until)}
        kept = replace(tracked, alert=tracked.alert.model_copy(update=silence))
        await _put(connection, kept, until, act.at)
        if transition is not None:
            await _tell(connection, kept.alert, transition, channels, act)
    for tracked in changes.forgotten:
        await connection.execute(
            "delete from telemetry.alerts where alert_id = $1 and state = 'pending'", tracked.alert.alert_id
        )


async def silences(connection: Connection, now: datetime) -> list[Quiet]:
    """Returns the silences in force."""
    rows = await connection.fetch(
        "select workspace_id, rule, severity, subject, ends_at from telemetry.silences where ends_at > $1",
        now,
    )
    return [_quiet(row) for row in rows]


async def silence_again(connection: Connection, now: datetime) -> None:
    """Brings every open alert's `silenced_until` up to date with the silences."""
    quiet = await silences(connection, now)
    for tracked in await read_open(connection, lock=True):
        until = silenced_until(tracked.alert, quiet, now)
        body = tracked.alert.model_copy(update={"silenced_until": until and format_timestamp(until)})
        if body != tracked.alert:
            await _put(connection, replace(tracked, alert=body), until, now)


async def forget_before(connection: Connection, moment: datetime) -> None:
    """Removes what was resolved before `moment`, with its changes, and silences that ended before."""
    await connection.execute(
        "delete from telemetry.alerts where state = 'resolved' and changed_at < $1", moment
    )
    await connection.execute("delete from telemetry.silences where ends_at < $1", moment)


async def _put(connection: Connection, tracked: Tracked, until: datetime | None, at: datetime) -> None:
    alert = tracked.alert
    await connection.execute(
        """
        insert into telemetry.alerts (alert_id, fingerprint, workspace_id, rule, severity, state, source,
            clear_seconds, clearing_since, silenced_until, plan_id, body, changed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (alert_id) do update set state = excluded.state, body = excluded.body,
            clearing_since = excluded.clearing_since, silenced_until = excluded.silenced_until,
            changed_at = excluded.changed_at
        """,
        *(alert.alert_id, alert.fingerprint, alert.workspace_id, alert.rule, alert.severity, alert.state),
        *(tracked.source, tracked.clear_seconds, tracked.clearing_since, until),
        *(alert.subject.get("plan_id"), alert.model_dump_json(), at),
    )


async def _tell(
    connection: Connection, alert: Alert, transition: Transition, channels: Iterable[str], act: Act
) -> None:
    number = await connection.fetchval("select nextval('telemetry.alert_events_number_seq')")
    change = AlertChange(
        fingerprint=alert.fingerprint,
        number=number,
        transition=transition,
        at=format_timestamp(act.at),
        by=act.by,
        alert=alert,
        schema_version=SCHEMA_VERSION,
    )
    value = orjson.dumps(change.model_dump(mode="json"))
    await connection.execute(
        "insert into telemetry.alert_events (number, alert_id, transition, at, by_user, note, body) "
        "overriding system value values ($1, $2, $3, $4, $5, $6, $7)",
        *(number, alert.alert_id, transition, act.at, act.by, act.note, value),
    )
    if transition in TOLD:
        await connection.executemany(
            "insert into telemetry.alert_deliveries (number, channel, alert_id, next_try_at) "
            "values ($1, $2, $3, $4)",
            [(number, channel, alert.alert_id, act.at) for channel in channels],
        )
    await OUTBOX.append(connection, [(alert.fingerprint, value)])
    ALERT_CHANGES.labels(alert.rule, transition).inc()


def _quiet(row: Row) -> Quiet:
    return Quiet(
        row["workspace_id"], row["rule"], row["severity"], orjson.loads(row["subject"]), row["ends_at"]
    )
