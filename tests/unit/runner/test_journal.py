"""The journal knows from the log what a plan waits for, before its team has come to that place again."""

from typing import Any

from support.messages import message

from agentbus.runner.journal import Journal, named_or_oldest


def taken(*messages: dict[str, Any]) -> Journal:
    journal = Journal()
    for each in messages:
        journal.take(each)
    return journal


REQUEST = message("p", 1, type="plan_approval_request", payload={"m_plan_id": "m", "steps": []})
RESPONSE = message("p", 2, type="plan_approval_response", payload={"m_plan_id": "m", "approved": True})
QUESTIONS = [
    message("p", 1, type="user_clarification_request", payload={"request_id": "a", "question": "?"}),
    message("p", 2, type="user_clarification_request", payload={"request_id": "b", "question": "?"}),
]
ANSWER = message("p", 3, type="user_clarification_response", payload={"request_id": "a", "answer": "x"})


def test_an_approval_is_open_from_its_request_to_its_response() -> None:
    assert taken(REQUEST).open_approvals == ["m"]
    assert taken(REQUEST, RESPONSE).open_approvals == []
    assert taken(REQUEST, RESPONSE).approvals["m"]["approved"] is True


def test_questions_are_open_until_each_is_answered() -> None:
    assert taken(*QUESTIONS).open_questions == ["a", "b"]
    assert taken(*QUESTIONS, ANSWER).open_questions == ["b"]


def test_an_unnamed_answer_is_for_the_oldest_question() -> None:
    assert named_or_oldest(["a", "b"], "") == "a"
    assert named_or_oldest(["a", "b"], "b") == "b"
    assert named_or_oldest(["a", "b"], "c") is None
    assert named_or_oldest([], "") is None


def test_a_stale_message_is_not_remembered() -> None:
    journal = taken(message("p", 1, attempt=2), message("p", 2, attempt=1, type="plan_completed"))
    assert not journal.ended
