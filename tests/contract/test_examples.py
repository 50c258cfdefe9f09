"""Every golden example is readable by its model and valid by its schema, and nothing lacks an example."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from agentbus.contracts.commands import Command
from agentbus.contracts.frames import CLIENT_TYPES
from agentbus.contracts.generation.json_schema import schema_documents
from agentbus.contracts.generation.registry import SCHEMAS
from agentbus.contracts.identifiers import message_id
from agentbus.contracts.message import STREAMING_TYPES, Message
from agentbus.contracts.payloads import PAYLOADS

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
SCHEMA_OF_FOLDER = {
    "messages": "message.v1",
    "commands": "command.v1",
    "streaming": "streaming_chunk.v1",
    "plan_records": "plan_record.v1",
    "access": "access_change.v1",
    "audit": "audit_entry.v1",
    "workspace_changes": "workspace_change.v1",
    "workspace_presence": "workspace_presence.v1",
    "alerts": "alert_change.v1",
    "server_frames": "frame.v1",
    "client_frames": "frame.v1",
    "workspace_frames": "frame.v1",
}
DOCUMENTS = schema_documents(SCHEMAS)
VALIDATORS = {name: Draft202012Validator(document) for name, document in DOCUMENTS.items()}


def examples() -> list[Any]:
    return [
        pytest.param(path, schema, id=f"{folder}/{path.stem}")
        for folder, schema in SCHEMA_OF_FOLDER.items()
        for path in sorted((EXAMPLES / folder).glob("*.json"))
    ]


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def names(folder: str) -> set[str]:
    return {path.stem for path in (EXAMPLES / folder).glob("*.json")}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_each_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENTS[name])


@pytest.mark.parametrize(("path", "schema"), examples())
def test_an_example_is_valid_and_read_without_loss(path: Path, schema: str) -> None:
    value = read(path)
    VALIDATORS[schema].validate(value)
    assert SCHEMAS[schema].dump_python(SCHEMAS[schema].validate_python(value), mode="json") == value


@pytest.mark.parametrize("path", sorted((EXAMPLES / "messages").glob("*.json")), ids=lambda path: path.stem)
def test_a_messages_payload_is_valid_for_its_type(path: Path) -> None:
    message = read(path)
    VALIDATORS[f"payload.{message['type']}.v1"].validate(message["payload"])
    PAYLOADS[message["type"]].model_validate(message["payload"])
    assert message["message_id"] == message_id(message["plan_id"], message["seq"], message["attempt"])
    assert message["type"] == path.stem


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*_frames/*.json")), ids=lambda path: path.stem)
def test_a_frames_data_is_valid_for_its_type(path: Path) -> None:
    frame = read(path)
    VALIDATORS[data_schema(frame, path.parent.name)].validate(frame["data"] or frame)
    assert frame["type"] == path.stem


def data_schema(frame: dict[str, Any], folder: str) -> str:
    """A message or change is in a frame as it is; any other frame has a schema of its own or has no data."""
    if frame["type"] == "workspace_change":
        return "workspace_change.v1"
    if f"workspace_frame.{frame['type']}.v1" in VALIDATORS and folder == "workspace_frames":
        return f"workspace_frame.{frame['type']}.v1"
    if "seq" in frame["data"]:
        return "message.v1"
    if frame["type"] in STREAMING_TYPES:
        return "streaming_chunk.v1"
    return f"frame.{frame['type']}.v1" if frame["data"] else "frame.v1"


def test_every_type_has_an_example() -> None:
    commands = {model.model_fields["type"].default for model in get_args(get_args(Command)[0])}
    assert names("messages") == set(PAYLOADS)
    assert names("commands") == commands
    assert names("streaming") == STREAMING_TYPES
    assert names("client_frames") == CLIENT_TYPES
    own = {name.split(".")[1] for name in DOCUMENTS if name.startswith("workspace_frame.")}
    assert names("workspace_frames") == own | {"workspace_change", "ping", "pong"}
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == set(SCHEMA_OF_FOLDER)


def test_a_reader_keeps_fields_of_a_newer_writer() -> None:
    newer = read(EXAMPLES / "messages" / "agent_message.json") | {"mood": "content"}
    VALIDATORS["message.v1"].validate(newer)
    assert Message.model_validate(newer).model_dump(mode="json") == newer


@pytest.mark.parametrize(
    "fault",
    [
        {"seq": 0},
        {"seq": "1"},
        {"timestamp": "2026-11-23 08:00"},
        {"trace_id": "xyz"},
        {"payload": []},
        {"type": ""},
    ],
    ids=str,
)
def test_a_bad_message_fails_model_and_schema(fault: dict[str, Any]) -> None:
    bad = read(EXAMPLES / "messages" / "agent_message.json") | fault
    with pytest.raises(ValidationError):
        VALIDATORS["message.v1"].validate(bad)
    with pytest.raises(ValueError, match="validation error"):
        Message.model_validate(bad)


def test_a_command_without_its_type_fails_model_and_schema() -> None:
    bad = read(EXAMPLES / "commands" / "cancel_plan.json")
    del bad["type"]
    with pytest.raises(ValidationError):
        VALIDATORS["command.v1"].validate(bad)
    with pytest.raises(ValueError, match="discriminator"):
        SCHEMAS["command.v1"].validate_python(bad)
