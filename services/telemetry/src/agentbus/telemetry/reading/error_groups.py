"""Errors by their fingerprint: lists, one with what is needed to mend it, each time it was met, its state.

Called by `error_routes.py`. The write side makes an error `regressed`, when it meets a resolved one again.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from agentbus.contracts.http.observed_errors import ErrorDetail, ErrorEvent, ErrorGroup
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Connection, Row
from agentbus.telemetry.reading.errors import UnknownError
from agentbus.telemetry.reading.keyset import Page, after, cursor_at
from agentbus.telemetry.reading.parameters import Window
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.statements import Values

_PLAIN: Final = (
    "fingerprint",
    "type",
    "message",
    "service",
    "version",
    "state",
    "count",
    "count_in_range",
    "plans_in_range",
    "resolved_by",
)


@dataclass(frozen=True)
class Met:
    """Where errors were met; None: it does not matter."""

    agent: str | None = None
    tool: str | None = None
    plan_id: str | None = None
    trace_id: str | None = None

    def conditions(self, values: Values) -> list[str]:
        """Returns the conditions on events."""
        named = {"agent": self.agent, "tool": self.tool, "plan_id": self.plan_id, "trace_id": self.trace_id}
        return [f"{name} = {values(value)}" for name, value in named.items() if value is not None]


async def list_errors(
    workspace_id: str,
    met: Met,
    state: str | None,
    within: Window,
    *,
    limit: int,
    cursor: str | None,
    parts: Reading,
) -> Page:
    """Returns errors (`ErrorGroup`) that were met in the range, the last met first.

    Raises BadCursor, Transient.
    """
    values = Values([workspace_id, within.starts_at, within.ends_at])
    of_events = ["workspace_id = $1 and at >= $2 and at < $3", *met.conditions(values)]
    conditions = [
        "workspace_id = $1",
        *([] if state is None else [f"state = {values(state)}"]),
        *after(cursor, ("last_seen_at", "fingerprint"), values),
    ]
    async with parts.database.transaction(snapshot=True) as connection:
        rows = await connection.fetch(
            f"""
            select error.*, count_in_range, plans_in_range
            from (
                select fingerprint, sum(number)::bigint as count_in_range, count(*) as plans_in_range
                from (
                    select fingerprint, plan_id, count(*) as number from telemetry.error_events
                    where {" and ".join(of_events)} group by fingerprint, plan_id
                ) as by_plan
                group by fingerprint
            ) as met
            join telemetry.errors as error using (fingerprint)
            where {" and ".join(conditions)}
            order by last_seen_at desc, fingerprint desc limit {limit + 1:d}
            """,  # noqa: S608  our own words and a number
            *values,
        )
    page = rows[:limit]
    rest = cursor_at(page[-1]["last_seen_at"], page[-1]["fingerprint"]) if len(rows) > limit else None
    return Page([ErrorGroup(**_view(row)).model_dump() for row in page], rest)


async def read_error(workspace_id: str, fingerprint: str, within: Window, *, parts: Reading) -> ErrorDetail:
    """Returns the error with its example; raises UnknownError, Transient."""
    async with parts.database.transaction(snapshot=True) as connection:
        return await _read(connection, workspace_id, fingerprint, within)


async def list_events(
    workspace_id: str,
    fingerprint: str,
    met: Met,
    within: Window,
    *,
    limit: int,
    cursor: str | None,
    parts: Reading,
) -> Page:
    """Returns each time (`ErrorEvent`) that the error was met in the range, the last first.

    Raises UnknownError, BadCursor, Transient.
    """
    values = Values([workspace_id, fingerprint, within.starts_at, within.ends_at])
    conditions = [
        "workspace_id = $1 and fingerprint = $2 and at >= $3 and at < $4",
        *met.conditions(values),
        *after(cursor, ("at", "plan_id || '/' || seq"), values),
    ]
    async with parts.database.transaction(snapshot=True) as connection:
        await _require(connection, workspace_id, fingerprint)
        rows = await connection.fetch(
            f"select * from telemetry.error_events where {' and '.join(conditions)} "  # noqa: S608
            f"order by at desc, plan_id || '/' || seq desc limit {limit + 1:d}",
            *values,
        )
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    rest = cursor_at(last["at"], f"{last['plan_id']}/{last['seq']}") if last is not None else None
    return Page([_event(row).model_dump() for row in page], rest)


async def change_state(
    workspace_id: str, fingerprint: str, user_id: str | None, within: Window, *, parts: Reading
) -> ErrorDetail:
    """Marks the error as resolved by the user, or, with None, as open again; returns it.

    Raises UnknownError, Transient.
    """
    async with parts.database.transaction() as connection:
        await connection.execute(
            """
            update telemetry.errors
            set state = case when $3::text is null then 'open' else 'resolved' end, resolved_by = $3,
                resolved_at = case when $3::text is null then null else $4::timestamptz end
            where workspace_id = $1 and fingerprint = $2
                and (state = 'resolved') is distinct from ($3::text is not null)
            """,
            workspace_id,
            fingerprint,
            user_id,
            within.now,
        )
        return await _read(connection, workspace_id, fingerprint, within)


async def _read(connection: Connection, workspace_id: str, fingerprint: str, within: Window) -> ErrorDetail:
    row = await connection.fetchrow(
        """
        select error.*, met.* from telemetry.errors as error, lateral (
            select count(*) as count_in_range, count(distinct plan_id) as plans_in_range
            from telemetry.error_events as event
            where event.workspace_id = error.workspace_id and event.fingerprint = error.fingerprint
                and at >= $3 and at < $4
        ) as met
        where error.workspace_id = $1 and error.fingerprint = $2
        """,
        workspace_id,
        fingerprint,
        within.starts_at,
        within.ends_at,
    )
    if row is None:
        raise _unknown(fingerprint)
    return ErrorDetail(**_view(row), stack=row["stack"], example=orjson.loads(row["example"]))


async def _require(connection: Connection, workspace_id: str, fingerprint: str) -> None:
    query = "select 1 from telemetry.errors where workspace_id = $1 and fingerprint = $2"
    if not await connection.fetchval(query, workspace_id, fingerprint):
        raise _unknown(fingerprint)


def _unknown(fingerprint: str) -> UnknownError:
    return UnknownError(f"there is no error {fingerprint!r} here")


def _view(row: Row) -> dict[str, Any]:
    return {
        **{name: row[name] for name in _PLAIN},
        "first_seen_at": format_timestamp(row["first_seen_at"]),
        "last_seen_at": format_timestamp(row["last_seen_at"]),
        "resolved_at": row["resolved_at"] and format_timestamp(row["resolved_at"]),
    }


def _event(row: Row) -> ErrorEvent:
    plain = ("fingerprint", "plan_id", "seq", "action_id", "agent", "tool")
    return ErrorEvent(
        **{name: row[name] for name in plain},
        at=format_timestamp(row["at"]),
        trace_id=row["trace_id"] or None,
    )
