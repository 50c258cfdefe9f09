"""Dialects: how a client wants a message to look (compatibility.md section 1). A view, never stored.

`message` is the message itself. `agent_message_data` is what the other half of the API family reads; the
message's own fields stay beside it where names do not collide, so `seq` still says where to resume.
Pure; called at the edge by the gateway and the plan service.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeGuard

Dialect = Literal["message", "agent_message_data"]
DEFAULT: Final[Dialect] = "message"

_HUMANS: Final = frozenset({"human", "user", "human_agent"})


def is_dialect(name: str) -> TypeGuard[Dialect]:
    """Tells whether `name` is a dialect that we speak."""
    return name in ("message", "agent_message_data")


def view(message: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Returns `message` (or a streaming chunk) as `dialect` has it."""
    return dict(message) if dialect == DEFAULT else _agent_message_data(message)


def _agent_message_data(message: Mapping[str, Any]) -> dict[str, Any]:
    payload = message.get("payload") or {}
    return {
        "steps": [],
        "next_steps": [],
        "m_plan_id": payload.get("m_plan_id"),
        **{name: value for name, value in message.items() if name != "payload"},
        "id": message.get("message_id", ""),
        "data_type": "m_plan_message",
        "agent": message.get("agent_name", ""),
        "agent_type": _agent_type(str(message.get("agent_type", ""))),
        "raw_data": _raw_data(payload),
    }


def _agent_type(kind: str) -> str:
    return "Human_Agent" if kind.lower() in _HUMANS else "AI_Agent"


def _raw_data(payload: Mapping[str, Any]) -> str:
    """The client's own `raw_data` when it sent one, else the payload, as text."""
    raw = payload.get("raw_data")
    if raw is None:
        raw = payload
    return raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, separators=(",", ":"))
