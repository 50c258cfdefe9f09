"""The tables `errors` and `error_events`: groups by fingerprint, and each occurrence.

A group that people resolved, and that happened again after that, is `regressed`. Its example is the newest
occurrence. Groups are shared by partitions: they are locked in the order of their keys, so writers never wait
for one another in a circle. Works inside its caller's transaction. Called by `message_writer`.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import orjson

from agentbus.postgres.database import Connection
from agentbus.telemetry.aggregation.bulk import as_columns, insert
from agentbus.telemetry.aggregation.failures import Occurrence

_EVENTS: Final = {
    "plan_id": "text",
    "seq": "bigint",
    "workspace_id": "text",
    "fingerprint": "text",
    "at": "timestamptz",
    "action_id": "text",
    "trace_id": "text",
    "agent": "text",
    "tool": "text",
}
_NEWEST: Final = ("type", "message", "stack", "service", "version", "example")
_GROUPS: Final = {
    "workspace_id": "text",
    "fingerprint": "text",
    **dict.fromkeys(_NEWEST[:-1], "text"),
    "example": "jsonb",
    "first_seen_at": "timestamptz",
    "last_seen_at": "timestamptz",
    "count": "bigint",
}
_WRITE_EVENTS: Final = insert("error_events", _EVENTS, "do nothing")
_WRITE_GROUPS: Final = insert(
    "errors",
    _GROUPS,
    "(workspace_id, fingerprint) do update set count = kept.count + excluded.count, "
    "first_seen_at = least(kept.first_seen_at, excluded.first_seen_at), "
    "last_seen_at = greatest(kept.last_seen_at, excluded.last_seen_at), "
    + "".join(
        f"{column} = case when excluded.last_seen_at >= kept.last_seen_at "
        f"then excluded.{column} else kept.{column} end, "
        for column in _NEWEST
    )
    + "state = case when kept.state = 'resolved' and excluded.last_seen_at > kept.resolved_at "
    "then 'regressed' else kept.state end",
)


async def add(connection: Connection, occurrences: Sequence[Occurrence]) -> None:
    """Adds the occurrences to their groups."""
    if not occurrences:
        return
    events = [tuple(getattr(each, column) for column in _EVENTS) for each in occurrences]
    await connection.execute(_WRITE_EVENTS, *as_columns(events, len(_EVENTS)))
    ordered = sorted(occurrences, key=lambda each: (*_group(each), each.at, each.plan_id, each.seq))
    groups = [_row(list(same)) for _, same in groupby(ordered, key=_group)]
    await connection.execute(_WRITE_GROUPS, *as_columns(groups, len(_GROUPS)))


def _group(each: Occurrence) -> tuple[str, str]:
    return each.workspace_id, each.fingerprint


def _row(same: Sequence[Occurrence]) -> tuple[Any, ...]:
    first, last = same[0], same[-1]
    told = (last.type, last.message, last.stack, last.service, last.version)
    return (*_group(last), *told, _example(last), first.at, last.at, len(same))


def _example(each: Occurrence) -> str:
    return orjson.dumps(
        {
            "plan_id": each.plan_id,
            "action_id": each.action_id,
            "seq": each.seq,
            "trace_id": each.trace_id,
            "agent": each.agent,
            "tool": each.tool,
            "input": each.input,
            "stack": each.stack,
        }
    ).decode()
