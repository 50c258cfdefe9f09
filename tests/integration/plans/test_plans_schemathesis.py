"""Generated requests to every route of the OpenAPI document, good and bad, at a running service on real Kafka
and a real database: no 5xx, and every answer has a documented status, media type, headers and schema."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from support.generated_requests import CASES_A_ROUTE, RATES_OFF, run_schemathesis
from support.plans_process import plans_process
from support.plans_world import PlansWorld, plan_messages

from agentbus.chassis.auth import Role


async def known_plans(plans: PlansWorld) -> list[str]:
    """Stores a plan that has ended and one that waits for approval; returns their ids."""
    ended, open_ = plan_messages(str(uuid4())), plan_messages(str(uuid4()))[:2]
    await plans.store(ended)
    await plans.store(open_)
    return [ended[0]["plan_id"], open_[0]["plan_id"]]


@pytest.mark.timeout(900)
async def test_every_answer_conforms_to_the_document(
    plans: PlansWorld, tmp_path: Path, pytestconfig: pytest.Config, tell: Callable[[str], None]
) -> None:
    cases_a_route = CASES_A_ROUTE[pytestconfig.getoption("faults")]
    known = {"plan_id": await known_plans(plans), "user_id": ["someone"]}
    log = tmp_path / "plans.log"
    async with plans_process(plans, log, **RATES_OFF) as url:
        token = plans.token(user="schemathesis", role=Role.ADMIN)
        code, report = await run_schemathesis(url, token, known, tmp_path, cases_a_route=cases_a_route)
    assert code == 0, report
    cases = re.search(r"(\d+) generated", report)
    routes = re.search(r"Tested: (\d+)", report)
    assert cases is not None, report
    assert routes is not None, report
    assert "Rate limited" not in report, report
    assert "Authentication failed" not in report, report
    assert '"status":5' not in log.read_text().replace(" ", "")
    assert int(cases[1]) > cases_a_route * int(routes[1])
    tell(f"{cases[1]} cases at {routes[1]} routes: no 5xx, every answer as documented")
