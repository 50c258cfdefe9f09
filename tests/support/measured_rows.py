"""Rows of the telemetry tables as its write side leaves them, made from actions that a test names.

Called by tests of the read side, and by its benchmark.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import asyncpg
import orjson

from agentbus.telemetry.reading.ranges import GRAINS, WIDTH, floor
from agentbus.telemetry.sketch import bin_of, pack

TRACE: Final = "0af7651916cd43dd8448eb211c80319c"


@dataclass(frozen=True)
class Action:
    """An action; without an end it runs."""

    plan_id: str
    action_id: str
    started_at: datetime
    seconds: float | None = 1.0
    agent: str = "analyst"
    agent_type: str = "agent"
    tool: str = "ruff"
    model: str = ""
    team_id: str = "review"
    status: str = "completed"
    parent_action_id: str | None = None
    started_seq: int = 1
    queue_seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    error_fingerprint: str | None = None
    partition: int = 0

    @property
    def ended_at(self) -> datetime | None:
        return None if self.seconds is None else self.started_at + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Plan:
    """A plan; without an end it runs."""

    plan_id: str
    created_at: datetime
    ended_at: datetime | None
    status: str = "completed"
    team_id: str = "review"
    description: str = "Review it"
    trace_id: str = TRACE
    error_fingerprint: str | None = None
    actions: Sequence[Action] = field(default=())


@dataclass
class Rows:
    """Writes into one workspace."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    workspace_id: str
    _rolled_up: list[Action] = field(default_factory=list, repr=False)

    async def plan(self, plan: Plan) -> None:
        """Writes the plan, its actions and what they add to roll-ups."""
        done = [action for action in plan.actions if action.seconds is not None]
        row = {
            "plan_id": plan.plan_id,
            "workspace_id": self.workspace_id,
            "user_id": "ann",
            "session_id": "s",
            "team_id": plan.team_id,
            "description": plan.description,
            "status": plan.status,
            "attempt": 1,
            "last_seq": 2 * len(plan.actions) + 2,
            "partition": 0,
            "created_at": plan.created_at,
            "started_at": plan.created_at,
            "ended_at": plan.ended_at,
            "last_at": plan.ended_at or plan.created_at,
            "last_type": "plan_completed",
            "queue_seconds": 0.0,
            "messages": 2 * len(plan.actions) + 2,
            "actions": len(done),
            "failures": sum(action.status == "failed" for action in done),
            "input_tokens": sum(action.input_tokens for action in done),
            "output_tokens": sum(action.output_tokens for action in done),
            "cost_usd": _cost(done),
            "unpriced_tokens": 0,
            "trace_id": plan.trace_id,
            "error_fingerprint": plan.error_fingerprint,
        }
        await self._copy("plans", [row])
        await self._copy("actions", [self._action(action) for action in plan.actions])
        await self.rolled_up(plan.actions)

    async def rolled_up(self, actions: Iterable[Action]) -> None:
        """Adds the actions that have ended to the roll-ups of all grains."""
        buckets: defaultdict[tuple[Any, ...], list[Action]] = defaultdict(list)
        self._rolled_up.extend(actions)
        for action in self._rolled_up:
            if action.status in ("completed", "failed") and action.ended_at is not None:
                use = (action.team_id, action.agent, action.agent_type, action.tool, action.model)
                for grain in GRAINS:
                    at = floor(action.ended_at, WIDTH[grain])
                    buckets[(grain, at, *use, action.partition)].append(action)
        await self.connection.execute(
            "delete from telemetry.rollups where workspace_id = $1", self.workspace_id
        )
        await self._copy("rollups", [self._rollup(key, done) for key, done in buckets.items()])

    async def error(self, fingerprint: str, events: Sequence[dict[str, Any]], **fields: Any) -> None:
        """Writes an error and each time that it was met: `plan_id`, `seq`, `at` and what else there is."""
        last = max(events, key=lambda event: event["at"])
        example = {
            "plan_id": last["plan_id"],
            "action_id": last.get("action_id"),
            "seq": last["seq"],
            "trace_id": TRACE,
            "agent": "analyst",
            "tool": "ruff",
            "input": "{}",
            "stack": "Traceback …",
        }
        error = {
            "workspace_id": self.workspace_id,
            "fingerprint": fingerprint,
            "type": "ValueError",
            "message": "bad value",
            "stack": "Traceback …",
            "service": "runner",
            "version": "1.0",
            "first_seen_at": min(event["at"] for event in events),
            "last_seen_at": last["at"],
            "count": len(events),
            "state": "open",
            "resolved_at": None,
            "resolved_by": None,
            "example": orjson.dumps(example).decode(),
        }
        await self._copy("errors", [error | fields])
        plain = {"action_id": None, "trace_id": TRACE, "agent": "analyst", "tool": "ruff"}
        of = {"workspace_id": self.workspace_id, "fingerprint": fingerprint}
        await self._copy("error_events", [{**plain, **of, **event} for event in events])

    def _action(self, action: Action) -> dict[str, Any]:
        ended_seq = None if action.seconds is None else action.started_seq + 1
        return asdict(action) | {
            "workspace_id": self.workspace_id,
            "ended_at": action.ended_at,
            "ended_seq": ended_seq,
            "step_id": None,
            "attempt": 1,
            "trace_id": TRACE,
            "span_id": "b7ad6b7169203331",
            "input": None,
            "input_bytes": 0,
        }

    def _rollup(self, key: tuple[Any, ...], done: list[Action]) -> dict[str, Any]:
        names = ("grain", "starts_at", "team_id", "agent", "agent_type", "tool", "model", "partition")
        bins: defaultdict[int, int] = defaultdict(int)
        for action in done:
            bins[bin_of(action.seconds or 0.0)] += 1
        priced = [action for action in done if action.cost_usd is not None]
        return {
            **dict(zip(names, key, strict=True)),
            "workspace_id": self.workspace_id,
            "executions": len(done),
            "failures": sum(action.status == "failed" for action in done),
            "seconds_total": sum(Decimal(str(action.seconds)) for action in done),
            "seconds_max": max(action.seconds or 0.0 for action in done),
            "sketch": pack(bins),
            "queue_seconds_total": sum(Decimal(str(action.queue_seconds)) for action in done),
            "input_tokens": sum(action.input_tokens for action in done),
            "output_tokens": sum(action.output_tokens for action in done),
            "cost_usd": _cost(done),
            "unpriced_tokens": sum(
                action.input_tokens + action.output_tokens for action in done if action not in priced
            ),
        }

    async def _copy(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        known = await self.connection.fetch(
            "select column_name from information_schema.columns "
            "where table_schema = 'telemetry' and table_name = $1",
            table,
        )
        columns = [each[0] for each in known if each[0] in rows[0]]
        await self.connection.copy_records_to_table(
            table,
            schema_name="telemetry",
            columns=columns,
            records=[[row[name] for name in columns] for row in rows],
        )


def _cost(done: Sequence[Action]) -> Decimal | None:
    costs = [action.cost_usd for action in done if action.cost_usd is not None]
    return sum(costs, Decimal()) if costs else None


def at(text: str) -> datetime:
    """Returns a moment in UTC: `03-29 22:58:30` of 2026."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)
