"""Tokens of an OIDC issuer, against a real server of keys: rotation, bounds, no confusion of algorithms."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.eventually import eventually
from support.oidc_door import Door, door
from support.oidc_issuer import OidcIssuer, ec_key, jwk, oidc_issuer, rsa_key

from agentbus.chassis.access import oidc
from agentbus.chassis.access.identity import Principal, Role
from agentbus.chassis.auth import issue, verify
from agentbus.kernel.errors import AgentbusError, Invalid, Rejected, Transient

AT_ONCE = {"oidc_refetch_seconds": 0.001}


@pytest.fixture
async def issuer() -> AsyncIterator[OidcIssuer]:
    async with oidc_issuer() as issuer:
        yield issuer


async def refused(door: Door, token: str) -> None:
    with pytest.raises(Rejected) as raised:
        await door.enter(token)
    assert (raised.value.status, raised.value.code) == (401, "unauthenticated")


@pytest.mark.parametrize("kind", [rsa_key, ec_key])
async def test_a_token_of_the_issuer_lets_a_member_in(issuer: OidcIssuer, kind: Any) -> None:
    issuer.keys["mine"] = kind()
    async with door(issuer) as enter:
        who = await enter.enter(issuer.token("mine", jti="t1"))
        assert who == Principal("ann", "w1", Role.EDITOR)
        assert (who.token_id, who.credential) == ("t1", "oidc")
        assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"]


async def test_the_keys_address_can_be_given(issuer: OidcIssuer) -> None:
    async with door(issuer, oidc_jwks_url=f"{issuer.url}/jwks") as enter:
        await enter.enter(issuer.token("first"))
        assert issuer.asked == ["/jwks"]


async def test_the_workspace_is_the_named_or_the_only_one(issuer: OidcIssuer) -> None:
    async with door(issuer) as enter:
        token = issuer.token("first")
        enter.join("w2", "viewer")
        assert (await enter.enter(token, "w2")).role is Role.VIEWER
        with pytest.raises(Invalid, match="X-Workspace-Id"):
            await enter.enter(token)
        for sub, workspace in (("ann", "w3"), ("bob", None), ("bob", "w1")):
            with pytest.raises(Rejected) as raised:
                await enter.enter(issuer.token("first", sub=sub), workspace)
            assert (raised.value.status, raised.value.code) == (403, "not_a_member")


async def test_a_rotated_key_is_learnt_and_the_old_one_dropped(issuer: OidcIssuer) -> None:
    async with door(issuer, **AT_ONCE) as enter:
        old = issuer.token("first")
        await enter.enter(old)
        issuer.keys = {"second": ec_key()}
        await enter.enter(issuer.token("second"))
        await refused(enter, old)


async def test_old_keys_go_without_anyone_asking_for_new_ones(issuer: OidcIssuer) -> None:
    async with door(issuer, oidc_refresh_seconds=0.01, **AT_ONCE) as enter:
        old = issuer.token("first")
        await enter.enter(old)
        issuer.keys = {"second": rsa_key()}
        await eventually(lambda: refused_by_now(enter, old), within=5)


async def refused_by_now(door: Door, token: str) -> None:
    try:
        await door.enter(token)
    except (Rejected, Transient):
        return
    raise AssertionError("still let in")


async def test_unknown_keys_do_not_make_the_issuer_busy(issuer: OidcIssuer) -> None:
    async with door(issuer, oidc_refetch_seconds=60) as enter:
        await asyncio.gather(*(refused(enter, issuer.token(f"k{n}", rsa)) for n, rsa in _strangers(50)))
        await enter.enter(issuer.token("first"))
        assert issuer.fetches() == 1


def _strangers(count: int) -> list[tuple[int, Any]]:
    key = ec_key()
    return [(number, key) for number in range(count)]


async def test_an_issuer_that_is_away_lets_known_keys_be(issuer: OidcIssuer) -> None:
    async with door(issuer, oidc_refresh_seconds=0.01, **AT_ONCE) as enter:
        await enter.enter(issuer.token("first"))
        issuer.down = True
        before = issuer.fetches()
        for _ in range(3):
            await enter.enter(issuer.token("first"))
        await eventually(lambda: _more_than(issuer, before), within=5)
        await enter.enter(issuer.token("first"))


def _more_than(issuer: OidcIssuer, before: int) -> None:
    assert len(issuer.asked) > before


async def test_keys_are_not_believed_for_ever(issuer: OidcIssuer) -> None:
    async with door(issuer, oidc_hold_seconds=0.05, **AT_ONCE) as enter:
        token = issuer.token("first")
        await enter.enter(token)
        issuer.down = True
        await eventually(lambda: refused_by_now(enter, token), within=5)
        with pytest.raises(Transient) as unknown:
            await enter.enter(token)
        assert unknown.value.code == "keys_unknown"
        issuer.down = False
        await enter.enter(token)


async def test_a_token_that_does_not_hold_is_refused(issuer: OidcIssuer) -> None:
    stranger, hour_ago = rsa_key(), datetime.now(UTC) - timedelta(hours=1)
    async with door(issuer) as enter:
        for token in (
            issuer.token("first", stranger),
            issuer.token("first", aud="other"),
            issuer.token("first", iss="https://other.example"),
            issuer.token("first", exp=hour_ago),
            issuer.token("first", iat=datetime.now(UTC) + timedelta(hours=1)),
            *(issuer.token("first", **{claim: None}) for claim in ("exp", "iat", "sub", "aud", "iss")),
            issuer.token("first", sub="a" * 129),
        ):
            await refused(enter, token)


async def test_the_key_decides_the_algorithm(issuer: OidcIssuer) -> None:
    """RFC 8725 section 2.1: the public key as an HMAC secret, no signature, another kind of key."""
    public = issuer.keys["first"].public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = json.loads(_decoded(issuer.token("first").split(".")[1]))
    async with door(issuer) as enter:
        await enter.enter(issuer.token("first"))
        for algorithm in ("HS256", "RS256", "ES256"):
            await refused(enter, _hmac(claims, {"alg": algorithm, "kid": "first"}, pem))
        await refused(enter, issuer.token("first", ec_key()))
        for head in ({"alg": "none", "kid": "first"}, {"alg": "RS384", "kid": "first"}, {"alg": "RS256"}):
            assert oidc.key_id(_joined(head, claims, b"")) is None
        local = verify(issue(enter.settings, "ann", "w1", "admin", timedelta(hours=1)), enter.settings)
        assert local.credential == "token"
        with pytest.raises(AgentbusError):
            verify(_hmac(claims, {"alg": "HS256", "kid": "first"}, pem), enter.settings)


async def test_keys_that_may_not_sign_are_left_out(issuer: OidcIssuer) -> None:
    weak, other = rsa_key(1024), ec_key()
    issuer.more = [
        {"kty": "oct", "kid": "secret", "k": base64.urlsafe_b64encode(b"s" * 32).decode()},
        jwk("weak", weak),
        jwk("encryption", other, use="enc"),
        jwk("other", other, alg="ES384"),
        {"kty": "RSA", "kid": "broken", "n": "AQAB"},
        {"kty": "RSA", "kid": 7},
        {"kid": "nothing"},
        "no key",  # type: ignore[list-item]
    ]
    async with door(issuer) as enter:
        await enter.enter(issuer.token("first"))
        for key_id in ("secret", "weak", "encryption", "other", "broken", "nothing"):
            assert enter.keys.get(key_id) is None


@pytest.mark.parametrize(
    "found",
    [
        {"issuer": "https://other.example", "jwks_uri": "https://other.example/jwks"},
        {"issuer": None, "jwks_uri": "http://other.example/jwks"},
        {"issuer": None},
        [],
    ],
)
async def test_a_discovery_document_of_someone_else_is_not_followed(issuer: OidcIssuer, found: Any) -> None:
    if isinstance(found, dict) and found["issuer"] is None:
        found = {**found, "issuer": issuer.url}
    issuer.answers["/.well-known/openid-configuration"] = found
    async with door(issuer) as enter:
        with pytest.raises(Transient):
            await enter.enter(issuer.token("first"))


def _hmac(claims: dict[str, Any], head: dict[str, Any], secret: bytes) -> str:
    signed = _joined(head, claims, b"").rpartition(".")[0]
    return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _joined(head: dict[str, Any], claims: dict[str, Any], signature: bytes) -> str:
    return ".".join(
        [_encoded(json.dumps(head).encode()), _encoded(json.dumps(claims).encode()), _encoded(signature)]
    )


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
