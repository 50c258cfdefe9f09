"""What `access.changes` comes to, record by record; a record that cannot be read never opens a door."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.access_records import AT, Said, member, new_key, revoked_token, revoked_user

from agentbus.chassis.access import api_keys
from agentbus.chassis.access.identity import Principal, Role
from agentbus.chassis.access.state import AccessState, Change
from agentbus.kernel.errors import Rejected

BROKEN = [b"{", b"null", b"[]", b"\xff\xfe", b"{}", b'{"kind": "membership"}', b'"admin"']


def state(*said: Said) -> AccessState:
    made = AccessState()
    for key, value in said:
        made.apply(key, value, AT)
    return made


def changed(value: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(value), **fields}).encode()


def holder(issued_at: datetime = AT, **fields: Any) -> Principal:
    given = {"user_id": "ann", "workspace_id": "w1", "role": Role.EDITOR, "token_id": "t1", **fields}
    return Principal(**given, issued_at=issued_at.timestamp(), credential="token")


def test_a_key_holds_until_it_is_deleted() -> None:
    text, said = new_key()
    made = state(said)
    who = api_keys.identify(text, made.keys)
    assert who == Principal("ci", "w1", Role.EDITOR, scopes=frozenset({"plans:read", "plans:write"}))
    assert who.token_id == said[0].partition("/")[2]
    assert made.apply(said[0], b"", AT) == Change("w1", token_id=who.token_id)
    with pytest.raises(Rejected):
        api_keys.identify(text, made.keys)


@pytest.mark.parametrize(
    "wrong", ["ab_", "ab_x_y", "ab_0123456789abcdef_" + "s" * 43, "ab_0123456789ABCDEF_" + "s" * 43]
)
def test_a_key_that_nobody_has_is_refused(wrong: str) -> None:
    text, said = new_key()
    own_id_other_secret = text[:-1] + ("a" if text[-1] != "a" else "b")
    for credential in (wrong, own_id_other_secret, text + "a", text[:-1], text + "\n"):
        with pytest.raises(Rejected) as raised:
            api_keys.identify(credential, state(said).keys)
        assert (raised.value.status, raised.value.code) == (401, "unauthenticated")


def test_a_key_has_no_more_scopes_than_its_role() -> None:
    text, said = new_key(role="viewer", scopes=["plans:read", "plans:write", "access:admin", "later:scope"])
    assert api_keys.identify(text, state(said).keys).scopes == {"plans:read"}


def test_memberships_are_by_workspace() -> None:
    made = state(member("ann", "editor"), member("ann", "admin", "w2"), member("bob", "viewer"))
    assert made.role("w1", "ann") is Role.EDITOR
    assert made.role("w2", "ann") is Role.ADMIN
    assert made.role("w2", "bob") is None
    assert made.workspaces("ann") == ["w1", "w2"]
    assert [each.user_id for each in made.members("w1")] == ["ann", "bob"]
    made.apply("member/w1/ann", b"", AT)
    assert made.role("w1", "ann") is None
    assert made.workspaces("ann") == ["w2"]


def test_names_may_have_slashes() -> None:
    made = state(member("a/b", "editor", "w/1"), member("b", "admin", "w/1/a"))
    assert made.role("w/1", "a/b") is Role.EDITOR
    assert made.role("w/1/a", "b") is Role.ADMIN
    assert made.role("w", "1") is None


def test_a_token_is_revoked_in_its_workspace_alone() -> None:
    made = state(revoked_token("t1"))
    assert made.is_revoked(holder())
    assert not made.is_revoked(holder(token_id="t2"))
    assert not made.is_revoked(holder(workspace_id="w2"))


def test_what_a_user_was_issued_before_is_revoked() -> None:
    made = state(revoked_user("ann", AT), revoked_user("ann", AT - timedelta(days=1)))
    assert made.is_revoked(holder(AT))
    assert made.is_revoked(holder(AT - timedelta(hours=1)))
    assert not made.is_revoked(holder(AT + timedelta(milliseconds=1)))
    assert not made.is_revoked(holder(AT, user_id="bob"))
    assert not made.is_revoked(holder(AT, workspace_id="w2"))
    assert made.is_revoked(Principal("ann", "w1", Role.EDITOR, credential="token"))


@pytest.mark.parametrize("value", BROKEN)
def test_a_broken_record_closes(value: bytes) -> None:
    text, key = new_key()
    made = state(key, member("ann", "admin"))
    for subject in (key[0], "member/w1/ann", "revoked/w1/t1", "revoked-user/w1/bob"):
        change = made.apply(subject, value, AT)
        assert change is not None
        assert change.broken
    with pytest.raises(Rejected):
        api_keys.identify(text, made.keys)
    assert made.role("w1", "ann") is None
    assert made.is_revoked(holder())
    assert made.is_revoked(holder(AT, user_id="bob"))


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "owner"},
        {"role": None},
        {"user_id": "mallory"},
        {"workspace_id": "w2"},
        {"subject": "member/w1/mallory"},
        {"kind": "api_key"},
        {"changed_at": "2026-99-99T99:99:99.000000Z"},
    ],
)
def test_a_record_about_something_else_than_its_key_opens_nothing(fields: dict[str, Any]) -> None:
    key, value = member("ann", "admin")
    made = state((key, changed(value, **fields)))
    assert made.members("w1") == made.members("w2") == []
    assert made.workspaces("mallory") == made.workspaces("ann") == []


@pytest.mark.parametrize("fields", [{"expires_at": "never"}, {"secret_sha256": ""}, {"scopes": "plans:read"}])
def test_a_key_that_is_not_whole_opens_nothing(fields: dict[str, Any]) -> None:
    _, (key, value) = new_key()
    assert state((key, changed(value, **fields))).keys == {}


@pytest.mark.parametrize("value", [b"", *BROKEN])
def test_a_revocation_is_never_taken_back(value: bytes) -> None:
    made = state(revoked_token("t1"), revoked_user("bob", datetime.now(UTC)))
    made.apply("revoked/w1/t1", value, AT)
    made.apply("revoked-user/w1/bob", value, AT)
    assert made.is_revoked(holder())
    assert made.is_revoked(holder(datetime.now(UTC) - timedelta(minutes=1), user_id="bob"))


@given(key=st.text(), value=st.binary())
def test_whatever_stands_there_opens_nothing(key: str, value: bytes) -> None:
    made = AccessState()
    for subject in (key, f"key/{key}", f"member/w1/{key}", "member/w1/ann", "key/0123456789abcdef"):
        made.apply(subject, value, AT)
    assert made.keys == {}
    assert made.members("w1") == []


def test_who_is_to_be_looked_at_again() -> None:
    assert Change("w1", user_id="ann").concerns(holder())
    assert Change("w1", token_id="t1").concerns(holder())
    assert Change(None, token_id="t1").concerns(holder())
    for other in (Change("w2", user_id="ann"), Change("w1", user_id="bob"), Change("w1", token_id="t2")):
        assert not other.concerns(holder())
