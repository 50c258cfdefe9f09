"""Errors that messages tell of, with what is needed to find and repeat them (C2, H4). Pure.

An occurrence is a message with an error: `action_failed`, or `plan_failed` unless its error is that of the
plan's last failed action, told again. Called by `fold`; written by `error_store`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from agentbus.contracts.message import Message
from agentbus.telemetry.aggregation.fingerprints import fingerprint
from agentbus.telemetry.aggregation.naming import name, text

_MESSAGE_MAX_CHARACTERS: Final = 2_000
_STACK_MAX_CHARACTERS: Final = 20_000
_WRITER: Final = "runner"
"""The only service that writes `agent.messages`; another says so in the message's metadata."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One error, once. `input` is what the action was called with, as JSON text, cut."""

    workspace_id: str
    fingerprint: str
    plan_id: str
    seq: int
    at: datetime
    action_id: str | None
    trace_id: str
    agent: str
    tool: str
    type: str
    message: str
    stack: str
    service: str
    version: str
    input: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an error happened."""

    workspace_id: str
    plan_id: str
    at: datetime
    action_id: str | None = None
    tool: str = ""
    input: str | None = None


def occurrence(message: Message, place: Place) -> Occurrence:
    """Returns the error that a message tells of; one that says nothing of it has the message's own text."""
    error = message.payload.get("error")
    told: Mapping[str, Any] = error if isinstance(error, Mapping) else {}
    kind = name(told.get("type")) or name(told.get("code")) or message.type
    words = text(told.get("message"), _MESSAGE_MAX_CHARACTERS) or text(
        message.content, _MESSAGE_MAX_CHARACTERS
    )
    stack = _end(told.get("stack"))
    return Occurrence(
        workspace_id=place.workspace_id,
        fingerprint=fingerprint(kind, words, stack),
        plan_id=place.plan_id,
        seq=message.seq,
        at=place.at,
        action_id=place.action_id,
        trace_id=message.trace_id,
        agent=name(message.agent_name),
        tool=place.tool,
        type=kind,
        message=words,
        stack=stack,
        service=name(message.metadata.get("service")) or _WRITER,
        version=name(message.metadata.get("version")),
        input=place.input,
    )


def _end(stack: object) -> str:
    """Returns a stack's last part: there is what failed."""
    return text(stack[-_STACK_MAX_CHARACTERS:], _STACK_MAX_CHARACTERS) if isinstance(stack, str) else ""
