"""The OpenAPI document has the agreed routes, its schemas hold, and it may replace the released one."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from agentbus.contracts.generation.compatibility import openapi_breaks

CONTRACTS = Path(__file__).parents[2] / "contracts"
DOCUMENT: dict[str, Any] = json.loads((CONTRACTS / "openapi/agentbus.json").read_text())
RELEASED: dict[str, Any] = json.loads((CONTRACTS / "baseline/openapi/agentbus.json").read_text())
BODIES = DOCUMENT["components"]["schemas"]
ROUTES = {
    "post /api/v3/process_request",
    "get /api/v3/plan",
    "get /api/v3/plans",
    "get /api/v3/teams",
    "post /api/v3/plan_approval",
    "post /api/v3/user_clarification",
    "post /api/v3/agent_message",
    "post /api/v3/plans/{plan_id}/cancel",
    "get /health",
}
Change = Callable[[dict[str, Any]], object]


def test_the_agreed_routes_are_there() -> None:
    found = {f"{method} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert found >= ROUTES


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_body_is_a_schema_and_its_examples_are_valid(name: str) -> None:
    Draft202012Validator.check_schema(BODIES[name])
    for example in BODIES[name].get("examples", []):
        validator(name).validate(example)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    )


def test_a_bad_body_is_noticed() -> None:
    with pytest.raises(ValidationError):
        validator("ProcessRequest").validate({"description": ""})


def test_every_reference_resolves() -> None:
    pieces = json.dumps(DOCUMENT).split('"$ref": "#/components/schemas/')[1:]
    assert {piece.partition('"')[0] for piece in pieces} <= BODIES.keys()


def test_errors_are_problem_details() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            errors = [answer for code, answer in operation["responses"].items() if code[0] in "45"]
            media = {kind for answer in errors for kind in answer["content"]}
            assert media == {"application/problem+json"}, f"{method} {path}"


def test_the_document_may_replace_the_released_one() -> None:
    assert openapi_breaks(RELEASED, DOCUMENT) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda doc: doc["paths"].pop("/api/v3/plan"), "get /api/v3/plan: the route was removed"),
        (
            lambda doc: doc["paths"]["/api/v3/plan"]["get"].update(parameters=[]),
            "get /api/v3/plan: parameter plan_id was removed",
        ),
        (
            lambda doc: doc["paths"]["/health"]["get"].update(parameters=[{"name": "x", "required": True}]),
            "get /health: parameter x is now required",
        ),
        (
            lambda doc: doc["components"]["schemas"].pop("PlanAccepted"),
            "PlanAccepted: the schema was removed",
        ),
        (
            lambda doc: doc["components"]["schemas"]["Step"]["properties"].pop("agent"),
            "Step.agent: the field was removed or renamed",
        ),
    ],
)
def test_a_break_is_named(change: Change, problem: str) -> None:
    broken = copy.deepcopy(DOCUMENT)
    change(broken)
    assert problem in openapi_breaks(DOCUMENT, broken)
