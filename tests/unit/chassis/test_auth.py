"""Who is let in: by token, or without one on this machine only."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from agentbus.chassis.auth import Principal, Role, authenticate, issue, require_secret, verify
from agentbus.chassis.settings import ServiceSettings
from agentbus.kernel.errors import Fatal, Rejected

SECRET = "s" * 32
TOKENS = ServiceSettings.model_validate({"auth": "token", "auth_secret": SECRET})
NONE = ServiceSettings.model_validate({"auth": "none", "cors_origins": ("https://app.example.org",)})
HOUR = timedelta(hours=1)
CLAIMS: dict[str, Any] = {
    "iss": "agentbus",
    "aud": "agentbus",
    "sub": "ann",
    "workspace": "w1",
    "role": "editor",
    "iat": 1_700_000_000,
    "exp": 9_999_999_999,
}


def _signed(secret: str = SECRET, **changes: Any) -> str:
    claims = {key: value for key, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(claims, secret, algorithm="HS256")


def _unsigned() -> str:
    parts = ({"alg": "none", "typ": "JWT"}, CLAIMS)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + "."
    )


def test_a_token_names_who_was_given_it() -> None:
    token = issue(TOKENS, "ann", "w1", "editor", HOUR)
    assert verify(token, TOKENS) == Principal("ann", "w1", Role.EDITOR)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "ü.ü.ü",
        _unsigned(),
        _signed("t" * 32),
        _signed(exp=1),
        _signed(exp=None),
        _signed(aud="other"),
        _signed(iss="other"),
        _signed(role="owner"),
        _signed(role=None),
        _signed(workspace=None),
        _signed(workspace=7),
        _signed(sub=""),
        _signed(sub="a" * 129),
    ],
)
def test_a_token_that_does_not_hold_is_refused(token: str) -> None:
    with pytest.raises(Rejected) as refused:
        verify(token, TOKENS)
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")
    assert token == "" or token not in refused.value.message


@pytest.mark.parametrize("secret", [None, "", "short", "s" * 31])
def test_a_secret_that_can_be_guessed_is_refused(secret: str | None) -> None:
    with pytest.raises(Fatal):
        require_secret(ServiceSettings.model_validate({"auth_secret": secret}))


@pytest.mark.parametrize("parameter", ["token", "access_token"])
def test_a_socket_may_bring_its_token_in_the_query(parameter: str) -> None:
    query = {parameter: _signed(), "user_id": "ann"}
    assert authenticate({}, query, TOKENS).user_id == "ann"
    with pytest.raises(Rejected) as refused:
        authenticate({}, query, TOKENS, token_in_query=False)
    assert refused.value.status == 401


def test_nobody_acts_as_another() -> None:
    with pytest.raises(Rejected) as refused:
        authenticate({"authorization": f"Bearer {_signed()}"}, {"user_id": "bob"}, TOKENS)
    assert refused.value.status == 403


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", _signed()])
def test_without_a_bearer_token_nobody_is_let_in(header: str) -> None:
    with pytest.raises(Rejected) as refused:
        authenticate({"authorization": header}, {}, TOKENS)
    assert refused.value.status == 401


def test_roles_include_the_ones_before_them() -> None:
    who = Principal("ann", "w1", Role.EDITOR)
    who.require(Role.VIEWER)
    who.require(Role.EDITOR)
    with pytest.raises(Rejected) as refused:
        who.require(Role.ADMIN)
    assert refused.value.status == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
@pytest.mark.parametrize(
    "origin", [None, "http://localhost:3000", "http://127.0.0.1", "https://app.example.org"]
)
def test_without_tokens_this_machine_is_let_in(host: str, origin: str | None) -> None:
    headers = {"host": host, **({"origin": origin} if origin else {})}
    assert authenticate(headers, {}, NONE) == Principal("local", "default", Role.ADMIN)
    assert authenticate(headers, {"user_id": "ann"}, NONE).user_id == "ann"
    assert authenticate({**headers, "x-user-id": "bob"}, {}, NONE).user_id == "bob"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "127.0.0.1.evil.example:8000"},
        {"host": "localhost@evil.example"},
        {"host": "[::1"},
        {"host": "localhost", "origin": "null"},
        {"host": "localhost", "origin": "http://evil.example"},
        {"host": "localhost", "origin": "http://localhost.evil.example"},
        {"host": "localhost", "origin": "http://[::1"},
    ],
)
def test_without_tokens_everyone_else_is_not(headers: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refused:
        authenticate(headers, {}, NONE)
    assert refused.value.status == 403


@pytest.mark.parametrize("user_id", ["a" * 129, "a\nb", "a\x00"])
def test_a_user_id_is_a_name(user_id: str) -> None:
    with pytest.raises(Rejected) as refused:
        authenticate({"host": "localhost"}, {"user_id": user_id}, NONE)
    assert refused.value.status == 422
