"""Secrets never reach a log, whatever shape they come in."""

import pytest

from agentbus.observability.redaction import REDACTED, TEXT_LIMIT_CHARACTERS, redact, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"refused {JWT}", JWT),
        ("mongodb://user:hunter2@db:27017/x", "hunter2"),
        ("GET /socket?user_id=u&token=abc.def HTTP", "abc.def"),
        ("Authorization: Bearer 0123456789abcdef", "0123456789abcdef"),
        ("api_key=sk-1234", "sk-1234"),
    ],
)
def test_secrets_inside_text_are_hidden(text: str, secret: str) -> None:
    assert secret not in redact_text(text)
    assert REDACTED in redact_text(text)


@pytest.mark.parametrize(
    "name", ["password", "auth_secret", "githubToken", "Authorization", "apiKey", "db.password"]
)
def test_values_under_secret_names_are_hidden(name: str) -> None:
    assert redact({"outer": [{name: "x"}]}) == {"outer": [{name: REDACTED}]}


@pytest.mark.parametrize("name", ["tokens_used", "token_count", "keyboard", "secretary"])
def test_other_names_are_left_alone(name: str) -> None:
    assert redact({name: 7}) == {name: 7}


def test_long_text_is_cut_and_says_so() -> None:
    cut = redact_text("x" * (TEXT_LIMIT_CHARACTERS + 1))
    assert len(cut) < TEXT_LIMIT_CHARACTERS + 50
    assert str(TEXT_LIMIT_CHARACTERS + 1) in cut


def test_a_structure_without_end_is_cut() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert "..." in str(redact(endless))
