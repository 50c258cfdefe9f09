"""Failure rate and cost, found in real roll-ups: per workspace, from the limit on, and no sooner (H5)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from support.measured_rows import Action, Plan
from support.measured_workspace import writing
from support.telemetry_world import TelemetryWorld

from agentbus.postgres.database import Database
from agentbus.postgres.migrations import migrate
from agentbus.telemetry.alerts.figure_watcher import FigureLimits, FigureWatcher
from agentbus.telemetry.alerts.model import Finding
from agentbus.telemetry.alerts.store import SCHEMA

pytestmark = pytest.mark.integration


async def test_failures_and_cost_are_told_of_the_workspace_that_has_them(telemetry: TelemetryWorld) -> None:
    now = datetime.now(UTC)
    await made(telemetry)
    fails, works, costs = (f"w-{uuid4()}" for _ in range(3))
    for workspace, failed, usd in ((fails, 6, None), (works, 5, Decimal("0.1")), (costs, 0, Decimal("0.5"))):
        plan_id = str(uuid4())
        actions = [
            Action(
                plan_id,
                str(number),
                now - timedelta(minutes=2),
                started_seq=number + 1,
                status="failed" if number < failed else "completed",
                cost_usd=usd,
            )
            for number in range(10)
        ]
        async with writing(telemetry, workspace) as rows:
            await rows.plan(Plan(plan_id, now - timedelta(minutes=3), now, actions=actions))
    assert await found(telemetry, now, FigureLimits(0.5, 10, 2.0)) == {
        ("ActionsFail", fails, 0.6),
        ("CostAboveLimit", costs, 5.0),
    }
    assert await found(telemetry, now, FigureLimits(0.5, 11, None)) == set()
    await telemetry.rows("insert into telemetry.limits values ($1, 'cost', '*', 0.5, now(), 'ann')", works)
    assert await found(telemetry, now, FigureLimits(0.9, 10, None)) == {("CostAboveLimit", works, 1.0)}
    assert await found(telemetry, now + timedelta(hours=2), FigureLimits(0.1, 1, 0.1)) == set()


async def made(telemetry: TelemetryWorld) -> None:
    database = Database(telemetry.settings)
    await database.start()
    try:
        await migrate(database, package="agentbus.telemetry", schema=SCHEMA)
    finally:
        await database.stop()


async def found(
    telemetry: TelemetryWorld, now: datetime, limits: FigureLimits
) -> set[tuple[str, str | None, float | None]]:
    database = Database(telemetry.settings)
    await database.start()
    try:
        seen = await FigureWatcher(database, limits).look(now, set())
    finally:
        await database.stop()
    return {brief(finding) for finding in seen.findings}


def brief(finding: Finding) -> tuple[str, str | None, float | None]:
    return finding.rule, finding.workspace_id, finding.value and round(finding.value, 6)
