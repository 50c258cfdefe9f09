"""Hours and days that are over become a row for all partitions; no figure changes by it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.stored_figures import assert_exact
from support.telemetry_world import TelemetryWorld
from support.varied_plans import interleaved, some_plans

from agentbus.postgres.database import Database
from agentbus.telemetry.aggregation.settling import settle

pytestmark = pytest.mark.integration


@pytest.fixture
async def database(telemetry: TelemetryWorld) -> AsyncIterator[Database]:
    database = Database(telemetry.settings)
    await database.start()
    yield database
    await database.stop()


async def test_while_plans_are_counted_and_when_one_is_late(
    telemetry: TelemetryWorld, database: Database
) -> None:
    plans = some_plans("settled", 60, seed=51)
    late = [replace(each, workspace_id="settled") for each in some_plans("late", 10, seed=52)]
    async with telemetry.service(telemetry_batch_records=10):
        counting = asyncio.create_task(_publish(telemetry, interleaved(plans, seed=53)))
        while not counting.done():
            await settle(database, _over())
        await counting
        await assert_exact(telemetry, plans)
        await settle(database, _over())
        assert await _partitions(telemetry, "settled") == {"minute": True, "hour": False, "day": False}
        await assert_exact(telemetry, plans)
        await _publish(telemetry, interleaved(late, seed=54))
        assert await _partitions(telemetry, "settled") == dict.fromkeys(("minute", "hour", "day"), True)
        await settle(database, _over())
        assert await _partitions(telemetry, "settled") == {"minute": True, "hour": False, "day": False}
        await assert_exact(telemetry, [*plans, *late])


async def test_what_is_not_over_stays_as_it_is(telemetry: TelemetryWorld, database: Database) -> None:
    plan = some_plans("unsettled", 1, seed=55)
    async with telemetry.service():
        await _publish(telemetry, interleaved(plan, seed=56))
        await settle(database, min(each.begins for each in plan))
    assert await _partitions(telemetry, "unsettled") == dict.fromkeys(("minute", "hour", "day"), True)


def _over() -> datetime:
    """A moment at which everything of today is over."""
    return datetime.now(UTC) + timedelta(days=2)


async def _publish(telemetry: TelemetryWorld, log: list[dict[str, object]]) -> None:
    for start in range(0, len(log), 50):
        await telemetry.publish(log[start : start + 50])
    await telemetry.all_counted()


async def _partitions(telemetry: TelemetryWorld, workspace: str) -> dict[str, bool]:
    """Returns for each grain whether it has rows of single partitions."""
    rows = await telemetry.rows(
        "select grain, bool_or(partition >= 0) as apart from telemetry.rollups where workspace_id = $1 "
        "group by grain",
        workspace,
    )
    return {row["grain"]: row["apart"] for row in rows}
