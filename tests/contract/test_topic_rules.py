"""Topics name models and services that exist, and no model of the contracts is without a schema."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agentbus import contracts
from agentbus.contracts.generation.json_schema import shared_definitions
from agentbus.contracts.generation.registry import HTTP_BODIES, SCHEMAS, VALUES, schema_header
from agentbus.contracts.generation.topic_rules import PLANNED_SERVICES, orphans, problems
from agentbus.contracts.topics import Topic, topics

ROOT = Path(__file__).parents[2]
NOT_ON_THE_WIRE = {"Topic", "Price", "Prices"}


def services() -> set[str]:
    return {path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml")}


def value_models() -> dict[str, set[str]]:
    """The fields of each model that a topic may name, with those of the models inside it."""
    roots, definitions = shared_definitions(VALUES)
    named = {schema_header(topic.schema_name): topic.schema_name for topic in topics().values()}
    return {named[header]: fields(root, definitions) for header, root in roots.items() if header in named}


def fields(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Of a union, the fields that all its members have."""
    if "$ref" in schema:
        return fields(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if "oneOf" in schema:
        return set.intersection(*(fields(branch, definitions) for branch in schema["oneOf"]))
    properties = schema.get("properties", {})
    return set(properties).union(*(fields(inner, definitions) for inner in properties.values()))


def contract_models() -> set[str]:
    """Every model that stands for something on the wire; a model with subclasses is only their base."""
    found = set[type[BaseModel]]()
    for module in pkgutil.walk_packages(contracts.__path__, "agentbus.contracts."):
        if ".generation" not in module.name:
            members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
            found |= {kind for _, kind in members if issubclass(kind, BaseModel) and kind is not BaseModel}
    return {kind.__name__ for kind in found if not kind.__subclasses__()} - NOT_ON_THE_WIRE


def topic(**changes: Any) -> Topic:
    good = {
        "name": "agent.plans",
        "description": "Plans.",
        "key": "id",
        "partitions": 1,
        "schema": "PlanRecord",
        "producers": ["runner"],
        "groups": ["runner"],
        "config": {},
    }
    return Topic.model_validate(good | changes)


def found(**changes: Any) -> list[str]:
    return problems([topic(**changes)], models={"PlanRecord": {"id"}}, services={"runner"})


def test_the_topics_keep_the_rules() -> None:
    known = services() | PLANNED_SERVICES
    assert problems(topics().values(), models=value_models(), services=known) == []


def test_a_planned_service_that_has_come_is_no_longer_planned() -> None:
    assert services() & PLANNED_SERVICES == set()


def test_every_model_has_a_schema_or_is_part_of_one() -> None:
    _, reached = shared_definitions(SCHEMAS | HTTP_BODIES)
    assert orphans(contract_models(), reached) == []


def test_an_orphan_is_named() -> None:
    assert orphans({"Message", "Lost"}, {"Message"}) == ["Lost"]


def test_a_good_topic_has_no_problem() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"schema": "Lost"}, "unknown model Lost"),
        ({"key": "run_id"}, "PlanRecord has no field run_id to be the key"),
        ({"producers": ["rummer"]}, "unknown service rummer"),
        ({"groups": ["persistor"]}, "unknown service persistor"),
        ({"tailers": ["gatway"]}, "unknown service gatway"),
        ({"dead_letter": ["plans"]}, "plans has a dead letter topic and is no consumer group"),
        ({"producers": []}, "nobody writes to it"),
        ({"groups": []}, "nobody reads it"),
    ],
)
def test_a_bad_topic_is_named(changes: dict[str, Any], problem: str) -> None:
    assert f"agent.plans: {problem}" in found(**changes)
