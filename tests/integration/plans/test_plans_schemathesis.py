"""Generated requests to every route of the OpenAPI document, good and bad, at a running service on real Kafka
and a real database: no 5xx, and every answer has a documented status, media type, headers and schema."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import jwt
import pytest
from support.plans_process import plans_process
from support.plans_world import PlansWorld, plan_messages

from agentbus.chassis.auth import Role

CASES_A_ROUTE = {"quick": 3, "full": 100}
"""By `--faults`: how many are generated beside those that the schema's own bounds ask for."""

HOOKS = Path(__file__).parents[2] / "support" / "known_things.py"
RATES_OFF = {f"HTTP_RATE_{name}": "off" for name in ("PRINCIPAL", "ADDRESS", "FAILURES")}


async def known_plans(plans: PlansWorld) -> list[str]:
    """Stores a plan that has ended and one that waits for approval; returns their ids."""
    ended, open_ = plan_messages(str(uuid4())), plan_messages(str(uuid4()))[:2]
    await plans.store(ended)
    await plans.store(open_)
    return [ended[0]["plan_id"], open_[0]["plan_id"]]


async def run_schemathesis(
    url: str, token: str, known: dict[str, list[str]], folder: Path, *, cases_a_route: int
) -> tuple[int, str]:
    """Returns the exit code and what Schemathesis printed; the same seed, so the same requests each time."""
    claims = jwt.decode(token, options={"verify_signature": False})
    own = [claims["sub"], claims["jti"]]
    arguments = [
        "--checks",
        "all",
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        str(cases_a_route),
        "--seed",
        "4",
        "--no-color",
    ]
    database = ["--generation-database", "none"]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "st"),
        *("run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {token}"),
        *arguments,
        *database,
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": str(HOOKS),
            "AGENTBUS_KNOWN": json.dumps(known),
            "AGENTBUS_OWN": json.dumps(own),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


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
