from typing import Any

from agentbus.plan.dialect import is_dialect, view

MESSAGE: dict[str, Any] = {
    "message_id": "m1",
    "plan_id": "p1",
    "seq": 7,
    "type": "agent_message",
    "agent_name": "analyst",
    "agent_type": "agent",
    "content": "grüße 🙂",
    "payload": {"finding": "é"},
    "session_id": "s1",
    "user_id": "u1",
    "unknown": [1],
}


def test_the_message_dialect_is_the_message_itself() -> None:
    assert view(MESSAGE, "message") == MESSAGE


def test_agent_message_data_has_the_fields_that_its_clients_read() -> None:
    seen = view(MESSAGE, "agent_message_data")
    expected: dict[str, object] = {
        "id": "m1",
        "plan_id": "p1",
        "agent": "analyst",
        "agent_type": "AI_Agent",
        "content": "grüße 🙂",
        "raw_data": '{"finding":"é"}',
        "steps": [],
        "next_steps": [],
        "data_type": "m_plan_message",
        "m_plan_id": None,
        "session_id": "s1",
        "user_id": "u1",
    }
    assert expected.items() <= seen.items()
    assert seen["seq"] == 7
    assert seen["unknown"] == [1]


def test_people_are_human_agents_and_their_raw_data_stays_theirs() -> None:
    seen = view({**MESSAGE, "agent_type": "human", "payload": {"raw_data": "as sent"}}, "agent_message_data")
    assert (seen["agent_type"], seen["raw_data"]) == ("Human_Agent", "as sent")


def test_fields_of_typed_events_stay_where_clients_read_them() -> None:
    request = {
        **MESSAGE,
        "type": "plan_approval_request",
        "steps": [{"id": "1"}],
        "m_plan_id": "mp",
        "status": "PENDING_APPROVAL",
    }
    seen = view(request, "agent_message_data")
    assert (seen["steps"], seen["m_plan_id"], seen["status"]) == ([{"id": "1"}], "mp", "PENDING_APPROVAL")


def test_a_streaming_chunk_has_no_payload_and_still_converts() -> None:
    chunk = {"plan_id": "p1", "type": "agent_message_streaming", "agent_name": "a", "agent_type": "agent",
             "content": "x", "is_final": False}  # fmt: skip
    seen = view(chunk, "agent_message_data")
    assert (seen["agent_name"], seen["content"], seen["is_final"]) == ("a", "x", False)


def test_only_known_dialects_are_dialects() -> None:
    assert is_dialect("agent_message_data")
    assert not is_dialect("klingon")
