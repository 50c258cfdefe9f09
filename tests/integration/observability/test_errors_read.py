"""Errors by fingerprint: counted in a range, found by trace, resolved and opened again by people."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from support.measured_workspace import ROOT, Measured
from support.telemetry_world import TelemetryWorld

from agentbus.chassis.auth import Role

NOW = datetime.now(UTC).replace(microsecond=0)


def met(plan_id: str, seq: int, minutes_ago: float, **fields: Any) -> dict[str, Any]:
    return {"plan_id": plan_id, "seq": seq, "at": NOW - timedelta(minutes=minutes_ago), **fields}


async def errors(measured: Measured) -> None:
    """Three errors: one met often, one in the same trace elsewhere, one long ago."""
    of = measured.workspace
    often = [met(f"{of}-p{number % 2}", number, number) for number in range(1, 6)]
    await measured.rows.error("often", often)
    await measured.rows.error("beside", [met(f"{of}-p3", 1, 30, trace_id="t1", tool="read")], service="plans")
    old = [met(f"{of}-p4", 1, 60 * 48, trace_id="t1"), met(f"{of}-p4", 2, 60 * 49)]
    await measured.rows.error("old", old)


async def test_errors_of_a_range_are_listed_the_last_met_first(measured: Measured) -> None:
    await errors(measured)
    listed = await measured.get("errors")
    assert [each["fingerprint"] for each in listed] == ["often", "beside"]
    assert (listed[0]["count_in_range"], listed[0]["plans_in_range"], listed[0]["count"]) == (5, 2, 5)
    wide = {"from": (NOW - timedelta(days=3)).isoformat()}
    pages = await measured.pages("errors", limit=2, **wide)
    assert [[each["fingerprint"] for each in page] for page in pages] == [["often", "beside"], ["old"]]
    assert [each["fingerprint"] for each in await measured.get("errors", trace_id="t1", **wide)] == [
        "beside",
        "old",
    ]
    assert [each["fingerprint"] for each in await measured.get("errors", tool="read")] == ["beside"]
    assert await measured.get("errors", state="resolved") == []


async def test_an_error_has_its_example_and_each_time_it_was_met(measured: Measured) -> None:
    await errors(measured)
    error = await measured.get("errors/often")
    assert (error["stack"], error["example"]["seq"]) == ("Traceback …", 1)
    pages = await measured.pages("errors/often/events", limit=2)
    assert [each["seq"] for page in pages for each in page] == [1, 2, 3, 4, 5]
    by_plan = await measured.get("errors/often/events", plan_id=f"{measured.workspace}-p1")
    assert [each["seq"] for each in by_plan] == [1, 3, 5]
    missing = await measured.client.get(f"{ROOT}/errors/none/events")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_error")


async def test_people_resolve_errors_and_open_them_again(
    measured: Measured, telemetry: TelemetryWorld, telemetry_service: httpx.ASGITransport
) -> None:
    await errors(measured)
    async with telemetry.client(telemetry_service, measured.workspace, Role.EDITOR) as editor:
        resolved = (await editor.post(f"{ROOT}/errors/often/resolve")).json()
        assert (resolved["state"], resolved["resolved_by"]) == ("resolved", "ann")
        assert (await editor.post(f"{ROOT}/errors/often/resolve")).json()["resolved_at"] == resolved[
            "resolved_at"
        ]
        assert [each["fingerprint"] for each in await measured.get("errors", state="resolved")] == ["often"]
        opened = (await editor.post(f"{ROOT}/errors/often/reopen")).json()
        assert (opened["state"], opened["resolved_at"], opened["resolved_by"]) == ("open", None, None)


async def test_reopening_what_is_not_resolved_changes_nothing(
    measured: Measured, telemetry: TelemetryWorld, telemetry_service: httpx.ASGITransport
) -> None:
    await measured.rows.error("back", [met("p", 1, 1)], state="regressed", resolved_by="ann", resolved_at=NOW)
    async with telemetry.client(telemetry_service, measured.workspace, Role.EDITOR) as editor:
        assert (await editor.post(f"{ROOT}/errors/back/reopen")).json()["state"] == "regressed"
