"""The AsyncAPI document is valid by the official schema, and what it refers to is there."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from agentbus.contracts.generation.registry import VALUES
from agentbus.contracts.topics import dead_letter_topic, topics

CONTRACTS = Path(__file__).parents[2] / "contracts"
OFFICIAL = Draft7Validator(json.loads((Path(__file__).parent / "official/asyncapi-3.0.0.json").read_text()))
DOCUMENT: dict[str, Any] = yaml.safe_load((CONTRACTS / "asyncapi/agentbus.yaml").read_text())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def resolves(reference: str) -> bool:
    file, _, pointer = reference.partition("#")
    if file:
        return (CONTRACTS / "asyncapi" / file).is_file()
    node: Any = DOCUMENT
    for part in pointer.strip("/").split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node is not None


def test_the_document_is_valid() -> None:
    OFFICIAL.validate(DOCUMENT)


@pytest.mark.parametrize(
    "fault", [{"asyncapi": "2.0.0"}, {"channels": []}, {"operations": {"x": {"action": "publish"}}}], ids=str
)
def test_an_invalid_document_is_noticed(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OFFICIAL.validate(copy.deepcopy(DOCUMENT) | fault)


def test_every_reference_resolves() -> None:
    assert [reference for reference in references(DOCUMENT) if not resolves(reference)] == []
    assert not resolves("#/channels/lost")
    assert not resolves("../schemas/lost.v1.json")


def test_every_topic_and_every_dead_letter_topic_is_a_channel() -> None:
    dead = {
        dead_letter_topic(topic.name, group) for topic in topics().values() for group in topic.dead_letter
    }
    assert DOCUMENT["channels"].keys() == topics().keys() | dead


def test_every_schema_header_names_a_schema() -> None:
    messages = [
        message for name, message in DOCUMENT["components"]["messages"].items() if name != "DeadLetter"
    ]
    headers = {message["headers"]["properties"]["schema"]["const"] for message in messages}
    assert headers == set(VALUES)
