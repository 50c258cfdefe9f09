"""Errors in groups, resolved and come again; changes of workspaces; what is old is removed (C2, H2, H4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from support.percentiles import quantiles
from support.profiles import BEGIN, Act, Profile
from support.telemetry_world import TelemetryWorld
from support.workspace_changes import change

from agentbus.bus.record import Outgoing
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import WORKSPACE_CHANGES
from agentbus.postgres.database import Database
from agentbus.telemetry.aggregation.retention import sweep
from agentbus.telemetry.sketch import unpack

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("telemetry_service")]
FAILED = Act(failed=True)


async def test_errors_are_groups_with_the_newest_as_example(telemetry: TelemetryWorld) -> None:
    acts = (FAILED, Act(), replace(FAILED, after_ms=5_000), replace(FAILED, tool="mypy"))
    plan = Profile("errors", acts, workspace_id="errors")
    await telemetry.publish(plan.messages())
    await telemetry.all_counted()
    ends = [at for _, at, _ in plan.ends()]
    groups = await telemetry.rows(
        "select * from telemetry.errors where workspace_id = 'errors' order by count desc"
    )
    assert [each["count"] for each in groups] == [2, 1]
    ruff = groups[0]
    assert (ruff["type"], ruff["message"], ruff["state"]) == ("SyntaxError", "line 3", "open")
    assert (ruff["first_seen_at"], ruff["last_seen_at"]) == (ends[0], ends[2])
    assert (ruff["service"], ruff["version"]) == ("runner", "")
    example = orjson.loads(ruff["example"])
    assert (example["plan_id"], example["action_id"], example["tool"]) == ("errors", "errors-3", "ruff")
    assert example["input"] == '{"path":"ruff.py"}'
    assert 'tools/ruff.py", line 3' in example["stack"]
    events = await telemetry.rows(
        "select e.action_id, a.error_fingerprint = e.fingerprint as same from telemetry.error_events e "
        "join telemetry.actions a using (plan_id, action_id) where e.workspace_id = 'errors' order by seq"
    )
    assert [(each["action_id"], each["same"]) for each in events] == [
        (f"errors-{number}", True) for number in (1, 3, 4)
    ]


async def test_a_resolved_error_that_comes_again_has_regressed(telemetry: TelemetryWorld) -> None:
    async def happens(plan_id: str, begins: datetime) -> str:
        plan = Profile(plan_id, (FAILED,), workspace_id="again", begins=begins)
        await telemetry.publish(plan.messages())
        await telemetry.all_counted()
        rows = await telemetry.rows("select state from telemetry.errors where workspace_id = 'again'")
        return str(rows[0]["state"])

    assert await happens("first", BEGIN) == "open"
    await telemetry.rows(
        "update telemetry.errors set state = 'resolved', resolved_at = $1 where workspace_id = 'again'",
        BEGIN + timedelta(hours=1),
    )
    assert await happens("late", BEGIN + timedelta(minutes=10)) == "resolved"
    assert await happens("anew", BEGIN + timedelta(hours=2)) == "regressed"


async def test_changes_count_once_with_the_time_until_they_were_published(telemetry: TelemetryWorld) -> None:
    now = datetime.now(UTC)
    changes = [
        change("sync", seq, origin=origin, changed_at=format_timestamp(now - timedelta(seconds=seq)))
        for seq, origin in enumerate(["rest", "sync", "sync"], start=1)
    ]
    # The relay publishes again what it did not note as published.
    records = [Outgoing(WORKSPACE_CHANGES, "sync", orjson.dumps(each)) for each in [*changes, *changes]]
    await telemetry.producer.send_all(records, timeout_seconds=60)
    await telemetry.all_counted(WORKSPACE_CHANGES)
    rows = await telemetry.rows(
        "select collection, origin, changes, seconds_total, sketch from telemetry.workspace_changes "
        "where workspace_id = 'sync' and grain = 'day' order by origin"
    )
    assert sum(each["changes"] for each in rows) == 3
    assert {(each["collection"], each["origin"]) for each in rows} == {("tasks", "rest"), ("tasks", "sync")}
    assert sum(each["seconds_total"] for each in rows) >= Decimal(6)
    assert all((quantiles(unpack(each["sketch"]), [1.0])[0] or 0) >= 0.99 for each in rows)


async def test_what_is_old_is_removed_and_days_stay(telemetry: TelemetryWorld) -> None:
    plan = Profile("old", (Act(), FAILED), workspace_id="old", begins=BEGIN - timedelta(hours=20))
    await telemetry.publish(plan.messages())
    await telemetry.all_counted()

    async def kept() -> dict[str, int]:
        queries = {
            "minute": "from telemetry.rollups where workspace_id = 'old' and grain = 'minute'",
            "hour": "from telemetry.rollups where workspace_id = 'old' and grain = 'hour'",
            "day": "from telemetry.rollups where workspace_id = 'old' and grain = 'day'",
            "plans": "from telemetry.plans where plan_id = 'old'",
            "actions": "from telemetry.actions where plan_id = 'old'",
            "events": "from telemetry.error_events where plan_id = 'old'",
            "errors": "from telemetry.errors where workspace_id = 'old'",
        }
        return {
            name: int((await telemetry.rows(f"select count(*) as n {query}"))[0]["n"])
            for name, query in queries.items()
        }

    database = Database(telemetry.settings)
    await database.start()
    try:
        whole = await kept()
        assert min(whole.values()) > 0
        await sweep(database, telemetry.settings, datetime.now(UTC))
        assert await kept() == whole
        await sweep(database, telemetry.settings, datetime.now(UTC) + timedelta(days=3))
        assert await kept() == whole | {"minute": 0}
        await sweep(database, telemetry.settings, datetime.now(UTC) + timedelta(days=91))
        gone = dict.fromkeys(("minute", "hour", "plans", "actions", "events"), 0)
        assert await kept() == whole | gone
    finally:
        await database.stop()
