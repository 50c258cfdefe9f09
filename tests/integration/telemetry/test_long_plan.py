"""A plan of 100,000 messages is counted exactly, like any other (C4)."""

import pytest
from support.profiles import BEGIN, Act, Profile
from support.stored_figures import assert_exact
from support.telemetry_world import TelemetryWorld

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("telemetry_service")]
ACTIONS = 10_000


async def test_a_plan_of_a_hundred_thousand_messages(telemetry: TelemetryWorld) -> None:
    acts = tuple(Act(tool=f"tool-{n % 7}", ms=1 + n % 9, failed=n % 1_000 == 0) for n in range(ACTIONS))
    plan = Profile("long", acts, workspace_id="long", chatter=8)
    log = plan.messages()
    assert len(log) >= 100_000
    await telemetry.publish(log)
    await telemetry.all_counted(within=240)
    (kept,) = await telemetry.rows("select * from telemetry.plans where plan_id = 'long'")
    assert (kept["messages"], kept["actions"], kept["failures"]) == (len(log), ACTIONS, 10)
    assert (kept["status"], kept["created_at"]) == ("completed", BEGIN)
    (actions,) = await telemetry.rows(
        "select count(*)::int as n, count(distinct started_seq)::int as starts, "
        "sum(ended_seq)::bigint as ends from telemetry.actions where plan_id = 'long'"
    )
    ends = [each["seq"] for each in log if each["type"] in ("action_completed", "action_failed")]
    assert (actions["n"], actions["starts"], actions["ends"]) == (ACTIONS, ACTIONS, sum(ends))
    await assert_exact(telemetry, [plan])
