"""Messages as a runner publishes them, for tests that need some."""

from typing import Any

from agentbus.contracts.identifiers import message_id


def message(plan_id: str, seq: int, **fields: Any) -> dict[str, Any]:
    """Returns a valid message; `fields` replace the defaults."""
    attempt = fields.get("attempt", 1)
    return {
        "message_id": message_id(plan_id, seq, attempt),
        "plan_id": plan_id,
        "seq": seq,
        "type": "agent_message",
        "agent_name": "analyst",
        "agent_type": "agent",
        "content": f"message {seq}",
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "payload": {},
        "action_id": None,
        "parent_action_id": None,
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "session_id": "session",
        "workspace_id": "default",
        "user_id": "local",
        "attempt": attempt,
        "metadata": {},
        "schema_version": 1,
        **fields,
    }
