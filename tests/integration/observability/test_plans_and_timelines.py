"""Plans, their timelines and their critical paths, as the tables tell them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.measured_rows import Action, Plan, Rows
from support.measured_workspace import Measured

NOW = datetime.now(UTC).replace(microsecond=0)
AGO = NOW - timedelta(hours=1)


def ids(items: list[dict[str, str]]) -> list[str]:
    return [each["plan_id"] for each in items]


def name(measured: Measured, plan: str) -> str:
    """Plans have ids of their own in the whole database."""
    return f"{plan}-{measured.workspace}"


async def plans(measured: Measured, number: int = 7) -> list[str]:
    """Writes plans a minute apart; returns their ids, the newest first."""
    made = []
    for index in range(number):
        plan_id, begin = name(measured, f"p{index}"), AGO + timedelta(minutes=index)
        action = Action(
            plan_id,
            "a",
            begin,
            tool="read" if index % 2 else "write",
            status="failed" if index == 3 else "completed",
        )
        await measured.rows.plan(
            Plan(plan_id, begin, begin + timedelta(seconds=10 * index), actions=[action])
        )
        made.append(plan_id)
    return made[::-1]


async def test_plans_are_listed_newest_first_by_pages(measured: Measured) -> None:
    made = await plans(measured)
    pages = await measured.pages("plans", limit=3)
    assert [ids(page) for page in pages] == [made[:3], made[3:6], made[6:]]
    assert pages[0][0]["seconds"] == 60.0
    assert (await measured.get("plans"))[0]["actions"] == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"tool": "read"}, {1, 3, 5}),
        ({"tool": "read", "agent": "nobody"}, set()),
        ({"team": "review"}, {0, 1, 2, 3, 4, 5, 6}),
        ({"team": "model"}, set()),
        ({"failed": True}, {3}),
        ({"failed": False}, {0, 1, 2, 4, 5, 6}),
        ({"least_seconds": 45}, {5, 6}),
        ({"status": "failed"}, set()),
        ({"trace_id": "none"}, set()),
    ],
)
async def test_plans_are_found_by_what_a_figure_counts(
    measured: Measured, query: dict[str, str], found: set[int]
) -> None:
    await plans(measured)
    assert set(ids(await measured.get("plans", **query))) == {name(measured, f"p{index}") for index in found}


async def test_a_range_of_plans_ends_before_its_end(measured: Measured) -> None:
    await plans(measured)
    asked = {"from": (AGO + timedelta(minutes=2)).isoformat(), "to": (AGO + timedelta(minutes=4)).isoformat()}
    assert ids(await measured.get("plans", **asked)) == [name(measured, "p3"), name(measured, "p2")]


async def test_plans_are_found_by_their_error(measured: Measured) -> None:
    made = await plans(measured)
    await measured.rows.error("f1", [{"plan_id": made[2], "seq": 2, "at": AGO}])
    assert ids(await measured.get("plans", error="f1")) == [made[2]]


async def test_a_cursor_that_was_made_up_is_refused(measured: Measured) -> None:
    for cursor in ("x", "2026-01-01~p", "2026-01-01T00:00:00.000000Z"):
        answer = await measured.client.get("/api/v3/observability/plans", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def nested(rows: Rows, plan_id: str) -> None:
    """A plan of 100 s: waits 10, works 50 (30 of them in an inner action), waits 20, works 20."""

    def action(action_id: str, starts: float, ends: float, seq: int, **fields: Any) -> Action:
        return Action(
            plan_id, action_id, AGO + timedelta(seconds=starts), ends - starts, started_seq=seq, **fields
        )

    actions = [
        action("outer", 10, 60, 3, agent="planner", tool="plan"),
        action("beside", 12, 30, 4, tool="search"),
        action("inner", 20, 50, 5, tool="read", parent_action_id="outer"),
        action("last", 80, 100, 9, tool="write", status="failed"),
    ]
    await rows.plan(Plan(plan_id, AGO, AGO + timedelta(seconds=100), "failed", actions=actions))


async def test_a_timeline_has_every_action_in_order(measured: Measured) -> None:
    plan_id = name(measured, "p")
    await nested(measured.rows, plan_id)
    timeline = await measured.get(f"plans/{plan_id}/timeline")
    assert timeline["plan"]["seconds"] == 100.0
    assert [
        (each["action_id"], each["parent_action_id"], each["offset_seconds"], each["seconds"])
        for each in timeline["actions"]
    ] == [
        ("outer", None, 10, 50),
        ("beside", None, 12, 18),
        ("inner", "outer", 20, 30),
        ("last", None, 80, 20),
    ]
    pages = await measured.pages(f"plans/{plan_id}/timeline", limit=3)
    assert [[each["action_id"] for each in page["actions"]] for page in pages] == [
        ["outer", "beside", "inner"],
        ["last"],
    ]


async def test_a_timeline_can_be_zoomed(measured: Measured) -> None:
    plan_id = name(measured, "p")
    await nested(measured.rows, plan_id)

    async def shown(**query: object) -> list[str]:
        timeline = await measured.get(f"plans/{plan_id}/timeline", **query)
        return [each["action_id"] for each in timeline["actions"]]

    stretch = {
        "from": (AGO + timedelta(seconds=40)).isoformat(),
        "to": (AGO + timedelta(seconds=70)).isoformat(),
    }
    assert await shown(**stretch) == ["outer", "inner"]
    assert await shown(least_seconds=25) == ["outer", "inner"]
    assert await shown(status="failed") == ["last"]


async def test_a_plan_of_a_hundred_thousand_messages_works(measured: Measured) -> None:
    plan_id, number = name(measured, "p"), 50_000
    actions = [
        Action(plan_id, str(index), AGO + timedelta(milliseconds=20 * index), 0.01, started_seq=2 * index + 2)
        for index in range(number)
    ]
    await measured.rows.plan(Plan(plan_id, AGO, AGO + timedelta(seconds=number * 0.02), actions=actions))
    pages = await measured.pages(f"plans/{plan_id}/timeline", limit=5000)
    assert [each["action_id"] for page in pages for each in page["actions"]] == [
        str(n) for n in range(number)
    ]
    path = await measured.get(f"plans/{plan_id}/bottlenecks")
    assert path["segments_total"] == 2 * number
    assert path["waiting_seconds"] == pytest.approx(number * 0.01)
    assert path["working_seconds"] == pytest.approx(number * 0.01)
    assert len(path["segments"]) == 200


async def test_a_plans_critical_path_and_shares(measured: Measured) -> None:
    plan_id = name(measured, "p")
    await nested(measured.rows, plan_id)
    answer = await measured.get(f"plans/{plan_id}/bottlenecks")
    assert [(each["action_id"], each["seconds"]) for each in answer["segments"]] == [
        (None, 10), ("outer", 10), ("inner", 30), ("outer", 10), (None, 20), ("last", 20),
    ]  # fmt: skip
    assert (answer["seconds"], answer["waiting_seconds"], answer["working_seconds"]) == (100, 30, 70)
    shares = {each["tool"]: each for each in answer["shares"]}
    assert {tool: each["path_seconds"] for tool, each in shares.items()} == {
        "read": 30,
        "plan": 20,
        "write": 20,
        "search": 0,
    }
    assert (shares["plan"]["seconds"], shares["plan"]["longest_seconds"]) == (20, 50)
    assert (shares["read"]["path_share"], shares["read"]["history_executions"]) == (0.3, 1)


async def test_what_runs_now_is_told_with_what_is_usual(measured: Measured) -> None:
    plan_id, begin = name(measured, "p"), datetime.now(UTC) - timedelta(seconds=30)
    usual = [Action("before", str(index), AGO, 2.0) for index in range(25)]
    await measured.rows.rolled_up(usual)
    running = [
        Action(plan_id, f"a{index}", begin, None, status="running", tool="ruff" if index else "rare")
        for index in range(60)
    ]
    await measured.rows.plan(Plan(plan_id, begin, None, "in_progress", actions=running))
    await plans(measured)
    live = await measured.get("live")
    (plan,) = live["plans"]
    assert (live["plans_total"], live["actions_total"], plan["running_total"]) == (1, 60, 60)
    assert len(plan["running"]) == 50
    expected = {each["tool"]: each["expected_seconds"] for each in plan["running"]}
    assert expected == {"ruff": pytest.approx(2.0, rel=0.011), "rare": None}
    assert plan["running"][0]["seconds"] >= 30
