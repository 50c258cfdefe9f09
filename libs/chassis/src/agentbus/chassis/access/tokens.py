"""Local access tokens: JWTs signed with HS256 (RFC 7519) under the system's own secret.

Their role claim holds until they expire or are revoked. Used through `agentbus.chassis.auth`.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import jwt

from agentbus.chassis.access.identity import Principal, Role, name, unauthenticated
from agentbus.chassis.settings import ServiceSettings
from agentbus.kernel.errors import Fatal

ISSUER: Final = "agentbus"
SECRET_LEAST_BYTES: Final = 32
LEEWAY_SECONDS: Final = 5
"""Clocks differ."""

ALGORITHM: Final = "HS256"
_TOKEN_ID_MAX_CHARACTERS: Final = 128


def require_secret(settings: ServiceSettings) -> str:
    """Returns the signing secret; raises Fatal when it is missing or too short (RFC 7518 section 3.2)."""
    secret = settings.auth_secret.get_secret_value() if settings.auth_secret else ""
    if len(secret.encode()) < SECRET_LEAST_BYTES:
        raise Fatal(f"AGENTBUS_AUTH_SECRET must have at least {SECRET_LEAST_BYTES} bytes", code="auth_secret")
    return secret


def require_way_in(settings: ServiceSettings) -> None:
    """Raises Fatal when tokens are needed and there is nothing to check any with: no secret, no issuer."""
    if settings.auth == "token" and (settings.auth_secret is not None or settings.oidc_issuer is None):
        require_secret(settings)


def issue(
    settings: ServiceSettings, user_id: str, workspace_id: str, role: Role | str, lifetime: timedelta
) -> str:
    """Returns a signed access token; raises ValueError for an unknown role, Fatal without a secret."""
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": user_id,
        "workspace": workspace_id,
        "role": str(Role(role)),
        "jti": uuid4().hex,
        # With its fraction, so that what is issued right after a revocation of the user holds.
        "iat": now.timestamp(),
        "exp": now + lifetime,
    }
    return jwt.encode(claims, require_secret(settings), algorithm=ALGORITHM)


def verify(token: str, settings: ServiceSettings) -> Principal:
    """Returns who a local `token` names; raises Rejected (401, `unauthenticated`) when it does not hold.

    Whether it was revoked is asked of the AccessBook, which `auth.authenticate` does.
    """
    try:
        claims = decoded(token, require_secret(settings), ALGORITHM, audience=ISSUER, issuer=ISSUER)
        return Principal(
            name(claims["sub"]),
            name(claims["workspace"]),
            Role(claims["role"]),
            expires_at=float(claims["exp"]) + LEEWAY_SECONDS,
            token_id=token_id(token, claims),
            issued_at=float(claims["iat"]),
            credential="token",
        )
    except jwt.ExpiredSignatureError:
        raise unauthenticated("the access token has expired; get a new one") from None
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError):
        raise unauthenticated("the access token is not valid") from None


def decoded(token: str, key: Any, algorithm: str, *, audience: str, issuer: str) -> dict[str, Any]:
    """Returns the claims of a token that holds under this key and algorithm; raises InvalidTokenError."""
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=audience,
        issuer=issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "iat", "sub", "iss", "aud"]},
    )
    return claims


def token_id(token: str, claims: dict[str, Any]) -> str:
    """Returns the id that a token is revoked by: its `jti`, or one made of what its signature covers.

    The signature itself is left out: the same one can be written in several ways.
    """
    given = claims.get("jti")
    if isinstance(given, str) and 0 < len(given) <= _TOKEN_ID_MAX_CHARACTERS:
        return given
    return "sha256-" + hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
