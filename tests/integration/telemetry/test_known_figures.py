"""Plans with a known profile give exactly the known figures, plans, actions and errors (C4)."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from support.profiles import BEGIN, Act, Profile, known_figures
from support.stored_figures import assert_exact
from support.telemetry_world import TelemetryWorld
from support.varied_plans import interleaved, some_plans

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("telemetry_service")]
MODEL = Act(tool="model", model="gpt-4.1", tokens=(1_200, 340), ms=2_000)
ACTS = (
    Act(ms=100),
    Act(ms=300, after_ms=59_000),
    Act(tool="mypy", ms=1_500, failed=True),
    MODEL,
    replace(MODEL, model="gpt-4.1-mini-2025-04-14", after_ms=61_000),
    replace(MODEL, model="somebody's own", agent="writer"),
)


async def test_a_plan_with_a_known_profile(telemetry: TelemetryWorld) -> None:
    plan = Profile("known", ACTS, workspace_id="known")
    await telemetry.publish(plan.messages())
    await telemetry.all_counted()
    kept = (await telemetry.rows("select * from telemetry.plans where plan_id = 'known'"))[0]
    assert (kept["status"], kept["actions"], kept["failures"]) == ("completed", 6, 1)
    assert (kept["created_at"], kept["started_at"]) == (BEGIN, BEGIN + timedelta(milliseconds=250))
    assert kept["ended_at"] == max(at for _, at, _ in plan.ends())
    assert kept["messages"] == kept["last_seq"] == len(plan.messages())
    assert (kept["input_tokens"], kept["output_tokens"]) == (3_600, 1_020)
    # 1,200 at 2 $ and 340 at 8 $, the same at 0.4 $ and 1.6 $, for a million; the third has no price.
    assert (float(kept["cost_usd"]), kept["unpriced_tokens"]) == (0.006144, 1_540)
    actions = await telemetry.rows(
        "select * from telemetry.actions where plan_id = 'known' order by started_seq"
    )
    assert [each["seconds"] for each in actions] == [act.ms / 1000 for act in ACTS]
    assert [each["status"] for each in actions] == ["failed" if act.failed else "completed" for act in ACTS]
    assert [each["queue_seconds"] for each in actions] == [0.25, 0, 0, 0, 0, 0]
    assert [each["input"] for each in actions] == [None, None, '{"path":"mypy.py"}', None, None, None]


async def test_the_figures_of_many_plans(telemetry: TelemetryWorld) -> None:
    plans = some_plans("many", 40, seed=1)
    await telemetry.publish(interleaved(plans, seed=2))
    await telemetry.all_counted()
    await assert_exact(telemetry, plans)


async def test_late_and_out_of_order_events_count_where_they_happened(telemetry: TelemetryWorld) -> None:
    late = [replace(plan, begins=BEGIN - timedelta(hours=20)) for plan in some_plans("late", 5, seed=3)]
    await telemetry.publish(interleaved(some_plans("late-first", 5, seed=4), seed=5))
    await telemetry.publish(interleaved(late, seed=6))
    await telemetry.all_counted()
    await assert_exact(telemetry, late)
    await assert_exact(telemetry, some_plans("late-first", 5, seed=4))


async def test_records_that_come_again_and_runners_that_were_cut_off_change_nothing(
    telemetry: TelemetryWorld,
) -> None:
    plans = some_plans("again", 10, seed=7)
    log = interleaved(plans, seed=8)
    old = [replaced | {"attempt": 1} for replaced in log]
    newer = [each | {"attempt": 2} for each in log]
    await telemetry.publish([*newer[:100], *newer[:100], *old[50:], *newer[100:], *newer, *old])
    await telemetry.all_counted()
    await assert_exact(telemetry, plans)
    (events,) = await telemetry.rows(
        "select count(*)::int as n from telemetry.error_events where workspace_id = 'again'"
    )
    assert events["n"] == sum(one.failures for one in known_figures(plans).values())


async def test_the_service_answers_while_it_counts(telemetry_service: httpx.ASGITransport) -> None:
    async with httpx.AsyncClient(transport=telemetry_service, base_url="http://127.0.0.1") as client:
        answer = await client.get("/health/ready")
    assert answer.json()["status"] == "ready"
