"""Figures and series are exactly what was written, in any cut of it by time, group and filter."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.measured_rows import Action
from support.measured_workspace import Measured

from agentbus.telemetry.reading.ranges import WIDTH, ceil, floor

NOW = floor(datetime.now(UTC), WIDTH["hour"])


def actions(number: int, days: float, seed: int = 7) -> list[Action]:
    """Returns actions of two agents with two tools each, over the last days."""
    random = Random(seed)
    made = []
    for index in range(number):
        agent, tool = random.choice(["ann", "bob"]), random.choice(["read", "write"])
        made.append(
            Action(
                f"p{index}",
                f"a{index}",
                NOW - timedelta(days=days * random.random()),
                seconds=round(random.lognormvariate(0, 0.8), 6),
                agent=agent,
                tool=tool,
                model="m1" if agent == "ann" else "",
                status=random.choice(["completed", "completed", "failed"]),
                queue_seconds=0.25,
                input_tokens=10,
                output_tokens=index % 3,
                cost_usd=Decimal("0.001") if agent == "ann" else None,
                partition=index % 3,
            )
        )
    return made


def ended_within(made: list[Action], starts_at: datetime, ends_at: datetime) -> list[Action]:
    return [each for each in made if each.ended_at and starts_at <= each.ended_at < ends_at]


def percentile(made: list[Action], rank: float) -> float:
    """Returns the value at the rank, as DDSketch counts it: the lower one."""
    ordered = sorted(each.seconds or 0.0 for each in made)
    return ordered[int(rank * (len(ordered) - 1))]


async def test_figures_are_those_of_the_actions(measured: Measured) -> None:
    made = actions(400, days=1.5)
    await measured.rows.rolled_up(made)
    starts_at, ends_at = NOW - timedelta(hours=20), NOW - timedelta(hours=3)
    answer = await measured.get(
        "figures", group_by="agent", **{"from": starts_at.isoformat(), "to": ends_at.isoformat()}
    )
    for told, of in [(answer["total"], None), *((group, group["group"]) for group in answer["groups"])]:
        exact = [each for each in ended_within(made, starts_at, ends_at) if of in (None, each.agent)]
        failures = sum(each.status == "failed" for each in exact)
        seconds = [each.seconds or 0.0 for each in exact]
        assert (told["executions"], told["failures"]) == (len(exact), failures)
        assert told["success_rate"] == pytest.approx(1 - failures / len(exact))
        assert told["seconds_total"] == pytest.approx(sum(seconds))
        assert told["mean_seconds"] == pytest.approx(sum(seconds) / len(exact))
        assert told["queue_seconds_total"] == pytest.approx(0.25 * len(exact))
        assert told["input_tokens"] == 10 * len(exact)
        for rank in (50, 90, 95, 99):
            assert told[f"p{rank}_seconds"] == pytest.approx(percentile(exact, rank / 100), rel=0.0101)
    by_name = {group["group"]: group for group in answer["groups"]}
    assert by_name["bob"]["cost_usd"] is None
    assert by_name["bob"]["unpriced_tokens"] > 0
    assert by_name["ann"]["cost_usd"] == pytest.approx(0.001 * by_name["ann"]["executions"])
    assert answer["total"]["cost_usd"] == by_name["ann"]["cost_usd"]


@pytest.mark.parametrize("group_by", ["agent", "agent_type", "tool", "team", "model"])
async def test_groups_add_up_to_the_total(measured: Measured, group_by: str) -> None:
    await measured.rows.rolled_up(actions(60, days=1))
    answer = await measured.get("figures", group_by=group_by)
    assert sum(group["executions"] for group in answer["groups"]) == answer["total"]["executions"] > 0
    assert answer["groups_total"] == len(answer["groups"])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_range_and_filter_counts_each_action_once(measured: Measured, data: st.DataObject) -> None:
    """Over minutes, hours and days, some of them no longer kept."""
    made = actions(300, days=120)
    if not (await measured.get("figures", **{"from": "2020-01-01T00:00:00Z"}))["groups_total"]:
        await measured.rows.rolled_up(made)
    starts_at = NOW - data.draw(st.timedeltas(timedelta(minutes=1), timedelta(days=121)))
    ends_at = starts_at + data.draw(st.timedeltas(timedelta(seconds=1), timedelta(days=121)))
    wanted = data.draw(
        st.fixed_dictionaries(
            {}, optional={"agent": st.sampled_from(["ann", "nobody"]), "tool": st.just("read")}
        )
    )
    asked = {"from": starts_at.isoformat(), "to": ends_at.isoformat(), **wanted}
    answer = await measured.get("figures", **asked)
    begin, end = (datetime.fromisoformat(answer[name]) for name in ("starts_at", "ends_at"))
    assert begin <= starts_at < ends_at <= end
    exact = [
        each
        for each in ended_within(made, begin, end)
        if all(getattr(each, name) == value for name, value in wanted.items())
    ]
    assert answer["total"]["executions"] == len(exact)
    series = await measured.get("series", metric=["executions", "mean_seconds"], **asked)
    begin, end = (datetime.fromisoformat(series[name]) for name in ("starts_at", "ends_at"))
    exact = [
        each
        for each in ended_within(made, begin, end)
        if all(getattr(each, name) == value for name, value in wanted.items())
    ]
    assert sum(series["lines"][0]["values"]) == len(exact)


async def test_a_series_has_each_action_in_its_bucket_beside_an_earlier_period(measured: Measured) -> None:
    made = actions(300, days=2)
    await measured.rows.rolled_up(made)
    starts_at, ends_at = NOW - timedelta(hours=12), NOW
    compared_from = NOW - timedelta(hours=36)
    asked = {
        "metric": ["executions", "p95_seconds"],
        "group_by": "agent",
        "step": 3600,
        "from": starts_at.isoformat(),
        "to": ends_at.isoformat(),
        "compare_from": compared_from.isoformat(),
    }
    series = await measured.get("series", **asked)
    assert (series["step_seconds"], len(series["times"])) == (3600, 12)
    assert {line["group"] for line in series["lines"]} == {"ann", "bob"}
    for line in series["lines"]:
        for name, begin in (("values", starts_at), ("compared", compared_from)):
            for number, value in enumerate(line[name]):
                hour = begin + number * WIDTH["hour"]
                exact = [
                    each
                    for each in ended_within(made, hour, hour + WIDTH["hour"])
                    if each.agent == line["group"]
                ]
                if line["metric"] == "executions":
                    assert value == len(exact)
                else:
                    assert value == (pytest.approx(percentile(exact, 0.95), rel=0.0101) if exact else None)


async def test_what_became_slower_comes_first(measured: Measured) -> None:
    def uses(tool: str, days_ago: float, seconds: float) -> list[Action]:
        begin = NOW - timedelta(days=days_ago)
        return [
            Action(f"{tool}{n}", f"{days_ago}-{n}", begin + n * WIDTH["minute"], seconds, tool=tool)
            for n in range(30)
        ]

    await measured.rows.rolled_up(
        [
            *uses("same", 3, 2),
            *uses("same", 0.2, 2),
            *uses("slower", 3, 1),
            *uses("slower", 0.2, 3),
            *uses("new", 0.2, 9),
        ]
    )
    answer = await measured.get("bottlenecks", **{"from": (NOW - timedelta(hours=12)).isoformat()})
    slower, same, new = answer["bottlenecks"]
    assert [each["tool"] for each in (slower, same, new)] == ["slower", "same", "new"]
    assert slower["slowdown"] == pytest.approx(3, rel=0.03)
    assert slower["lost_seconds"] == pytest.approx(30 * 2)
    assert slower["share"] == pytest.approx(3 / 14)
    assert same["slowdown"] == pytest.approx(1)
    assert (new["slowdown"], new["history_executions"]) == (None, 0)


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "1990-01-02T00:00:00Z"},
        {"to": "2101-01-01T00:00:00Z"},
        {"from": "yesterday"},
        {"group_by": "colour"},
    ],
)
async def test_a_bad_question_is_refused(measured: Measured, query: dict[str, str]) -> None:
    answer = await measured.client.get("/api/v3/observability/figures", params=query)
    assert answer.status_code == 422, answer.text


def test_the_clock_of_these_tests_is_whole() -> None:
    assert ceil(NOW, WIDTH["hour"]) == NOW
