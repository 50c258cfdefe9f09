"""Generated requests to every route of the OpenAPI document, good and bad, at a running service on real Kafka
and PostgreSQL: no 5xx, and every answer has a documented status, media type, headers and schema."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from support.eventually import eventually
from support.generated_requests import CASES_A_ROUTE, run_schemathesis
from support.served import served
from support.workspace_world import ROOT, WorkspaceWorld

from agentbus.chassis.auth import Role
from agentbus.workspace.app import build

RATES_OFF = dict.fromkeys(("http_rate_principal", "http_rate_address", "http_rate_failures"))


@pytest.mark.timeout(900)
async def test_every_answer_conforms_to_the_document(
    workspaces: WorkspaceWorld, tmp_path: Path, pytestconfig: pytest.Config, tell: Callable[[str], None]
) -> None:
    cases_a_route = CASES_A_ROUTE[pytestconfig.getoption("faults")]
    workspace = f"w-{uuid4()}"
    known = {"workspace_id": [workspace], "task_id": ["t1"], "environment_id": ["e1"], "number": ["1"]}
    token = workspaces.token(user="schemathesis", workspace=workspace, role=Role.ADMIN)
    settings = workspaces.settings.model_copy(update={**RATES_OFF, "stream_seconds": 0.05})
    async with served(build(settings), settings) as port:
        url = f"http://127.0.0.1:{port}"
        await furnish(f"{url}{ROOT}/{workspace}", token)
        code, report = await run_schemathesis(url, token, known, tmp_path, cases_a_route=cases_a_route)
    assert code == 0, report
    cases = re.search(r"(\d+) generated", report)
    assert cases is not None, report
    tell(f"{cases[1]} requests")


async def furnish(root: str, token: str) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:

        async def made() -> None:
            answer = await client.put(f"{root}/tasks/t1", json={"title": "a"})
            assert answer.is_success, answer.text

        await eventually(made, within=60)
        assert (await client.put(f"{root}/environments/e1", json={"name": "a"})).is_success
        base = {"id": "t1", "title": "a"}
        for title in "bc":
            rows = [{"newDocumentState": base | {"title": title}, "assumedMasterState": base}]
            assert (await client.post(f"{root}/sync/tasks/push", json=rows)).is_success
