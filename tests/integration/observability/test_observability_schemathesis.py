"""Generated requests to every route of the OpenAPI document, good and bad, at a running service on real Kafka
and PostgreSQL: no 5xx, and every answer has a documented status, media type, headers and schema."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from support.eventually import eventually
from support.generated_requests import CASES_A_ROUTE, run_schemathesis
from support.measured_rows import Action, Plan
from support.measured_workspace import ROOT, writing
from support.served import served
from support.telemetry_world import TelemetryWorld

from agentbus.chassis.auth import Role, issue

RATES_OFF = dict.fromkeys(("http_rate_principal", "http_rate_address", "http_rate_failures"))


@pytest.mark.timeout(900)
async def test_every_answer_conforms_to_the_document(
    telemetry: TelemetryWorld, tmp_path: Path, pytestconfig: pytest.Config, tell: Callable[[str], None]
) -> None:
    cases_a_route = CASES_A_ROUTE[pytestconfig.getoption("faults")]
    workspace = f"w-{uuid4()}"
    plan_id, began = f"p-{uuid4()}", datetime.now(UTC) - timedelta(minutes=5)
    async with writing(telemetry, workspace) as rows:
        actions = [Action(plan_id, str(index), began, started_seq=index) for index in range(1, 9)]
        await rows.plan(Plan(plan_id, began, began + timedelta(seconds=60), actions=actions))
        await rows.error("f1", [{"plan_id": plan_id, "seq": 2, "at": began}])
    token = issue(telemetry.settings, "schemathesis", workspace, Role.ADMIN, timedelta(minutes=15))
    async with served(telemetry.app(alert_stream_seconds=0.01, **RATES_OFF), telemetry.settings) as port:
        url = f"http://127.0.0.1:{port}"
        await eventually(lambda: _answers(url, token), within=60)
        known = {"plan_id": [plan_id], "fingerprint": ["f1"]}
        code, report = await run_schemathesis(url, token, known, tmp_path, cases_a_route=cases_a_route)
    assert code == 0, report
    cases = re.search(r"(\d+) generated", report)
    assert cases is not None, report
    tell(f"{cases[1]} requests")


async def _answers(url: str, token: str) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        answer = await client.get(f"{url}{ROOT}/errors/f1")
        assert answer.is_success, answer.text
