"""How soon a dashboard's questions are answered over 5 million events of 30 days in one workspace (C1, C4).

100,000 plans of 20 actions and 50 messages each, with one of 50,000 actions, 2 % of failed actions, and 200
plans that run, stand in the tables as the write side leaves them, with what is over settled. Each question
is asked 40 times, as a route asks it: statements, merging of sketches and the answer's JSON; with other
ranges each time. The reference is a select by primary key through the same pool.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

import asyncpg
import orjson
from bench.observed_month import LONG_PLAN, PLANS, SPACE, Month
from bench.row import Row
from pydantic import BaseModel
from support.stack import Infra
from support.workspace_world import made_database

from agentbus.kernel.clock import SystemClock
from agentbus.postgres.database import Database
from agentbus.postgres.migrations import migrate
from agentbus.postgres.settings import PostgresSettings
from agentbus.telemetry.aggregation.settling import settle
from agentbus.telemetry.app import SCHEMA
from agentbus.telemetry.reading.bottlenecks import read_plan_bottlenecks
from agentbus.telemetry.reading.error_groups import Met, list_errors, list_events, read_error
from agentbus.telemetry.reading.figures import read_figures
from agentbus.telemetry.reading.keyset import Page
from agentbus.telemetry.reading.live import read_live
from agentbus.telemetry.reading.parameters import Window
from agentbus.telemetry.reading.parts import Reading
from agentbus.telemetry.reading.plans import Plans, list_plans
from agentbus.telemetry.reading.ranges import Kept
from agentbus.telemetry.reading.series import Asked, read_series
from agentbus.telemetry.reading.slowest import read_bottlenecks
from agentbus.telemetry.reading.statements import EVERYTHING, Wanted
from agentbus.telemetry.reading.timeline import Shown, read_timeline

TIMES, WARM_UP, TARGET_MS = 40, 3, 100.0
Ask = Callable[[int], Awaitable[Any]]


async def measure(stack: Infra) -> list[Row]:
    """Returns each question's p95."""
    async with _filled(stack) as parts:
        reference = await _p95(_reference(parts))
        return [_row(name, await _p95(ask), reference) for name, ask in _questions(parts).items()]


def _questions(parts: Reading) -> dict[str, Ask]:
    def window(number: int, **length: float) -> Window:
        now = parts.clock.now()
        ends_at = now - timedelta(minutes=7 * number)
        return Window(ends_at - timedelta(**length), ends_at, now)

    def compared(within: Window) -> datetime:
        return within.starts_at - (within.ends_at - within.starts_at)

    def series(number: int, *metrics: Any, by: Any = None, **length: float) -> Awaitable[Any]:
        within = window(number, **length)
        asked = Asked(metrics, by, compared_with=compared(within))
        return read_series(SPACE, asked, EVERYTHING, within, parts=parts)

    page: dict[str, Any] = {"limit": 50, "cursor": None, "parts": parts}
    by_tool = Plans(Wanted(agent="agent3", tool="tool2"), failed=True)
    every, many = EVERYTHING, dict[str, Any](limit=50, parts=parts)
    return {
        "figures by agent, a day": lambda n: read_figures(SPACE, "agent", every, window(n, days=1), **many),
        "figures by tool, 30 days": lambda n: read_figures(SPACE, "tool", every, window(n, days=30), **many),
        "executions and p95, a day beside another": lambda n: series(n, "executions", "p95_seconds", days=1),
        "p95 by agent, a week beside another": lambda n: series(n, "p95_seconds", by="agent", days=7),
        "success, p95, cost, 15 days beside others": lambda n: series(
            n, "success_rate", "p95_seconds", "cost_usd", days=15
        ),
        "bottlenecks, a day to a week": lambda n: read_bottlenecks(
            SPACE, every, window(n, days=1), timedelta(days=7), **many
        ),
        "live": lambda _: read_live(SPACE, limit=50, parts=parts),
        "plans, newest": lambda n: list_plans(SPACE, Plans(), window(n, days=1), **page),
        "plans, of an agent's tool, failed, 30 days": lambda n: list_plans(
            SPACE, by_tool, window(n, days=30), **page
        ),
        "errors, a day": lambda n: list_errors(SPACE, Met(), None, window(n, days=1), **page),
        "errors, 30 days": lambda n: list_errors(SPACE, Met(), None, window(n, days=30), **page),
        "an error": lambda n: read_error(SPACE, f"error{n % 40}", window(n, days=30), parts=parts),
        "an error's events": lambda n: list_events(
            SPACE, f"error{n % 40}", Met(), window(n, days=30), **page
        ),
        "timeline of a plan": lambda n: read_timeline(
            SPACE, f"plan{n * PLANS // TIMES}", Shown(), after_seq=0, limit=1000, parts=parts
        ),
        "timeline of 50,000 actions, a page of 1,000": lambda n: read_timeline(
            SPACE, LONG_PLAN, Shown(), after_seq=n * 2000, limit=1000, parts=parts
        ),
        "critical path of a plan": lambda n: read_plan_bottlenecks(
            SPACE, f"plan{n * PLANS // TIMES}", limit=200, parts=parts
        ),
    }


def _reference(parts: Reading) -> Ask:
    async def ask(number: int) -> dict[str, Any]:
        async with parts.database.transaction(snapshot=True) as connection:
            query = "select plan_id, status from telemetry.plans where plan_id = $1"
            return dict(await connection.fetchrow(query, f"plan{number}") or {})

    return ask


async def _p95(ask: Ask) -> float:
    taken = []
    for number in range(TIMES + WARM_UP):
        begin = time.perf_counter()
        _told(await ask(number % TIMES))
        taken.append(1000 * (time.perf_counter() - begin))
    return quantiles(taken[WARM_UP:], n=20)[18]


def _told(answer: Any) -> bytes:
    """Returns the answer as a route sends it."""
    model = answer[0] if isinstance(answer, tuple) else answer
    plain = model.items if isinstance(model, Page) else model
    plain = plain.model_dump() if isinstance(plain, BaseModel) else plain
    assert plain, "nothing was found"
    return orjson.dumps(plain)


def _row(name: str, value: float, reference: float) -> Row:
    return Row(
        name=f"dashboard, {name}, p95",
        value=value,
        unit="ms",
        reference_name="by primary key",
        reference_value=reference,
        ratio=value / reference,
        target=f"≤ {TARGET_MS:g} ms",
        met=value <= TARGET_MS,
    )


@asynccontextmanager
async def _filled(stack: Infra) -> AsyncIterator[Reading]:
    """Gives the reads of a database with a month in it."""
    async with made_database(stack.postgres_url, stack.database()) as url:
        database = Database(PostgresSettings(postgres_url=url, postgres_call_seconds=60.0))
        await database.start()
        await migrate(database, package="agentbus.telemetry", schema=SCHEMA)
        connection = await asyncpg.connect(url)
        now = datetime.now(UTC)
        await Month(now).write(connection)
        await settle(database, now)
        # Tells the planner of it, as autovacuum would.
        await connection.execute("vacuum analyze")
        await connection.close()
        try:
            yield Reading(database, SystemClock(), Kept(timedelta(days=2), timedelta(days=90)))
        finally:
            await database.stop()
