"""A month of one busy workspace, straight into the telemetry tables by COPY: 5 million messages.

What stands in the roll-ups is what the actions add up to. Called by `dashboard.py`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

import asyncpg
import orjson

from agentbus.telemetry.reading.ranges import GRAINS, WIDTH, floor
from agentbus.telemetry.sketch import bin_of, pack

SPACE: Final = "busy"
PLANS, ACTIONS, MESSAGES, RUNNING = 100_000, 20, 50, 200
LONG_PLAN, LONG_ACTIONS = "long", 50_000
AGENTS, TOOLS, TEAMS, PARTITIONS, ERRORS = 8, 3, 2, 6, 40
DAYS, MINUTE_DAYS = 30, 2
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass
class _Cell:
    """A roll-up: what its columns add up to."""

    executions: int = 0
    failures: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    tokens: int = 0
    bins: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Use:
    """An agent's use of a tool: how long it usually takes, and by which model."""

    agent: str
    tool: str
    model: str
    team: str
    middle_seconds: float


class Month:
    """The month before `now`."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._random = Random(6)
        self._cells: dict[tuple[Any, ...], _Cell] = {}
        self._plans: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._uses = [
            _Use(f"agent{a}", f"tool{t}", f"model{a % 3}", f"team{a % TEAMS}", 0.2 * (1 + a) * (1 + t))
            for a in range(AGENTS)
            for t in range(TOOLS)
        ]

    async def write(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Fills the tables."""
        await _copy(connection, "actions", self._actions())
        await _copy(connection, "plans", self._plans)
        await _copy(connection, "rollups", self._rollups())
        await _copy(connection, "error_events", self._events)
        await _copy(connection, "errors", self._errors())

    def _actions(self) -> Iterator[dict[str, Any]]:
        """Makes the actions of all plans; notes the plans, and what the roll-ups come to."""
        length = timedelta(days=DAYS) / PLANS
        for number in range(PLANS):
            begin = self._now - length * (PLANS - number)
            running = number >= PLANS - RUNNING
            yield from self._plan(f"plan{number}", begin, ACTIONS, number % PARTITIONS, running=running)
        yield from self._plan(LONG_PLAN, self._now - timedelta(days=3), LONG_ACTIONS, 0, running=False)

    def _plan(
        self, plan_id: str, begin: datetime, actions: int, partition: int, *, running: bool
    ) -> Iterator[dict[str, Any]]:
        at, failures = begin, 0
        for number in range(actions):
            use = self._random.choice(self._uses)
            seconds = use.middle_seconds * self._random.lognormvariate(0, 0.6)
            ended_at = at + timedelta(seconds=seconds)
            runs = running and number >= actions - 3
            failed = not runs and self._random.random() < 1 / 50
            action = {
                "plan_id": plan_id,
                "action_id": f"{plan_id}-{number}",
                "team_id": use.team,
                "agent": use.agent,
                "agent_type": "agent",
                "tool": use.tool,
                "model": use.model,
                "status": "running" if runs else "failed" if failed else "completed",
                "started_seq": 2 * number + 2,
                "ended_seq": None if runs else 2 * number + 3,
                "started_at": at,
                "ended_at": None if runs else ended_at,
                "seconds": None if runs else seconds,
                "error_fingerprint": f"error{self._random.randrange(ERRORS)}" if failed else None,
            }
            yield {**_ACTION, **action}
            if not runs:
                self._roll_up(use, partition, ended_at, seconds, failed=failed)
                at, failures = ended_at, failures + failed
            if failed:
                self._note(action)
        self._plans.append(
            {
                **_PLAN,
                "plan_id": plan_id,
                "status": "in_progress" if running else "completed",
                "partition": partition,
                "created_at": begin,
                "started_at": begin,
                "ended_at": None if running else at,
                "last_at": at,
                "actions": actions,
                "messages": MESSAGES,
                "failures": failures,
            }
        )

    def _roll_up(self, use: _Use, partition: int, at: datetime, seconds: float, *, failed: bool) -> None:
        key = bin_of(seconds)
        for grain in GRAINS:
            if grain == "minute" and at < self._now - timedelta(days=MINUTE_DAYS):
                continue
            cell = self._cells.setdefault((grain, floor(at, WIDTH[grain]), use, partition), _Cell())
            cell.executions += 1
            cell.failures += failed
            cell.seconds += seconds
            cell.longest = max(cell.longest, seconds)
            cell.tokens += 100
            cell.bins[key] += 1

    def _rollups(self) -> Iterator[dict[str, Any]]:
        for (grain, starts_at, use, partition), cell in self._cells.items():
            yield {
                "grain": grain,
                "starts_at": starts_at,
                "workspace_id": SPACE,
                "team_id": use.team,
                "agent": use.agent,
                "agent_type": "agent",
                "tool": use.tool,
                "model": use.model,
                "partition": partition,
                "executions": cell.executions,
                "failures": cell.failures,
                "seconds_total": Decimal(f"{cell.seconds:.6f}"),
                "seconds_max": cell.longest,
                "sketch": pack(cell.bins),
                "queue_seconds_total": Decimal(0),
                "input_tokens": cell.tokens,
                "output_tokens": cell.tokens,
                "cost_usd": Decimal(cell.tokens) / 1_000_000,
                "unpriced_tokens": 0,
            }

    def _note(self, action: dict[str, Any]) -> None:
        self._events.append(
            {
                "plan_id": action["plan_id"],
                "seq": action["ended_seq"],
                "workspace_id": SPACE,
                "fingerprint": action["error_fingerprint"],
                "at": action["ended_at"],
                "action_id": action["action_id"],
                "trace_id": TRACE,
                "agent": action["agent"],
                "tool": action["tool"],
            }
        )

    def _errors(self) -> Iterator[dict[str, Any]]:
        for number in range(ERRORS):
            events = [each for each in self._events if each["fingerprint"] == f"error{number}"]
            moments = [each["at"] for each in events]
            example = {"plan_id": "plan0", "action_id": None, "seq": 1, "trace_id": TRACE, "agent": "agent0"}
            yield {
                "workspace_id": SPACE,
                "fingerprint": f"error{number}",
                "type": "ValueError",
                "message": "it is no number",
                "stack": "Traceback\n" * 40,
                "service": "runner",
                "version": "0.1.0",
                "first_seen_at": min(moments),
                "last_seen_at": max(moments),
                "count": len(moments),
                "example": orjson.dumps({**example, "tool": "tool0", "input": "{}", "stack": ""}).decode(),
            }


_SHARED: Final = {
    "workspace_id": SPACE,
    "attempt": 1,
    "input_tokens": 100,
    "output_tokens": 100,
    "cost_usd": Decimal("0.0001"),
    "trace_id": TRACE,
}
_ACTION: Final = {**_SHARED, "queue_seconds": 0.0, "span_id": SPAN, "input": "{}", "input_bytes": 2}
_PLAN: Final = {
    **_SHARED,
    "user_id": "ann",
    "session_id": "s",
    "team_id": "team0",
    "description": "Review the tree",
    "last_seq": MESSAGES,
    "last_type": "action_completed",
    "queue_seconds": 0.0,
    "unpriced_tokens": 0,
}


async def _copy(
    connection: "asyncpg.Connection[asyncpg.Record]", table: str, rows: Iterable[dict[str, Any]]
) -> None:
    """Copies rows, which all have the same columns."""
    rows = iter(rows)
    first = next(rows)

    def records() -> Iterator[tuple[Any, ...]]:
        yield tuple(first.values())
        for row in rows:
            yield tuple(row.values())

    await connection.copy_records_to_table(
        table, schema_name="telemetry", columns=list(first), records=records()
    )
