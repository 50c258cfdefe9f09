"""What a person sees of a plan's frames: one line each, and nothing that steers the terminal."""

from typing import Any

import pytest
from support.messages import message

from agentbus.cli.plan_view import describe, printable


def shown(kind: str, **fields: Any) -> str | None:
    line = describe({"type": kind, "data": message("p", 1, type=kind, **fields)})
    return None if line is None else line.plain


def test_a_message_is_its_author_and_its_text() -> None:
    assert shown("agent_message", content="hello") == "· analyst   hello"
    assert shown("action_completed", content="lint completed") == "✓ analyst   lint completed"
    assert (
        shown("plan_started", content="1. a\n2. b", payload={"steps": [1, 2]})
        == "· analyst   plan started: 2 steps"
    )


@pytest.mark.parametrize("kind", ["progress_update", "ping", "agent_stream_start"])
def test_what_tells_people_nothing_is_left_out(kind: str) -> None:
    assert shown(kind) is None


def test_what_the_gateway_says_of_itself_is_left_out() -> None:
    assert describe({"type": "error_message", "data": {"content": "x"}}) is None


def test_hostile_text_cannot_steer_the_terminal() -> None:
    hostile = "\x1b]0;title\x07\x1b[2Jgone\r\x9b31m"
    line = shown("agent_message", content=hostile)
    assert line is not None
    assert not set(line) & {"\x1b", "\x07", "\r", "\x9b"}
    assert printable("a\tb\nc") == "a\tb\nc"
