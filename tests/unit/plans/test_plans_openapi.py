"""Every route is described: models, examples, problems, and without any connection."""

import subprocess
import sys

import orjson
import pytest

from agentbus.plans.openapi import document

DOCUMENT = document()

ROUTES = {
    ("post", "/api/v3/process_request"),
    ("get", "/api/v3/plan"),
    ("get", "/api/v3/plans"),
    ("get", "/api/v3/teams"),
    ("post", "/api/v3/plan_approval"),
    ("post", "/api/v3/user_clarification"),
    ("post", "/api/v3/agent_message"),
    ("post", "/api/v3/plans/{plan_id}/cancel"),
}


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_a_route_is_described(method: str, path: str) -> None:
    operation = DOCUMENT["paths"][path][method]
    assert operation["description"]
    assert "$ref" in str(operation["responses"]["200"]["content"]["application/json"]["schema"])
    for status in ("401", "403", "422", "503"):
        problem = operation["responses"][status]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert problem["example"]["code"]
    if method == "post":
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        name = str(body).split("schemas/")[1].split("'")[0]
        assert DOCUMENT["components"]["schemas"][name]["examples"]


def test_every_reference_leads_somewhere() -> None:
    text = orjson.dumps(DOCUMENT).decode()
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= DOCUMENT["components"]["schemas"].keys()


def test_it_prints_the_same_each_time_and_nothing_else() -> None:
    command = [sys.executable, "-m", "agentbus.plans.openapi"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert orjson.loads(run.stdout) == DOCUMENT
    assert run.stderr == ""
