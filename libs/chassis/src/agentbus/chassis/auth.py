"""Who asks, and what they may do (design.md section 7). Called by routes, and by the gateway for sockets.

Tokens are JWTs signed with HS256 (RFC 7519). With `AGENTBUS_AUTH=none` there are none: everyone on this
machine is let in, and Host and Origin are checked so that a web page elsewhere is not (DNS rebinding).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlsplit

import jwt
from fastapi import Depends
from starlette.requests import HTTPConnection

from agentbus.chassis.settings import ServiceSettings, is_loopback
from agentbus.kernel.errors import Fatal, Rejected

ISSUER: Final = "agentbus"
SECRET_LEAST_BYTES: Final = 32
DEFAULT_USER: Final = "local"
DEFAULT_WORKSPACE: Final = "default"
_ALGORITHM: Final = "HS256"
_NAME_MAX_CHARACTERS: Final = 128
_LEEWAY_SECONDS: Final = 5
"""Clocks differ."""


class Role(StrEnum):
    """What someone may do in a workspace; each role may do what the ones before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Returns whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Principal:
    """Someone who was let in, and the one workspace that they act in.

    `expires_at` (Unix time, seconds) is when their token stops to let them in; None: there is no token.
    """

    user_id: str
    workspace_id: str
    role: Role
    expires_at: float | None = field(default=None, compare=False)

    def require(self, needed: Role) -> None:
        """Raises Rejected (403, `forbidden`) unless the role covers `needed`."""
        if not self.role.covers(needed):
            raise _forbidden(f"this needs the role {needed}, and you are {self.role}")


def require_secret(settings: ServiceSettings) -> str:
    """Returns the signing secret; raises Fatal when it is missing or too short (RFC 7518 section 3.2)."""
    secret = settings.auth_secret.get_secret_value() if settings.auth_secret else ""
    if len(secret.encode()) < SECRET_LEAST_BYTES:
        raise Fatal(f"AGENTBUS_AUTH_SECRET must have at least {SECRET_LEAST_BYTES} bytes", code="auth_secret")
    return secret


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
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, require_secret(settings), algorithm=_ALGORITHM)


def verify(token: str, settings: ServiceSettings) -> Principal:
    """Returns who `token` names; raises Rejected (401, `unauthenticated`) when it does not hold."""
    try:
        claims = jwt.decode(
            token,
            require_secret(settings),
            algorithms=[_ALGORITHM],
            audience=ISSUER,
            issuer=ISSUER,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "sub"]},
        )
        return Principal(
            _name(claims["sub"]),
            _name(claims["workspace"]),
            Role(claims["role"]),
            expires_at=float(claims["exp"]) + _LEEWAY_SECONDS,
        )
    except jwt.ExpiredSignatureError:
        raise _unauthenticated("the access token has expired; get a new one") from None
    except (jwt.InvalidTokenError, KeyError, ValueError, OverflowError):
        raise _unauthenticated("the access token is not valid") from None


def authenticate(
    headers: Mapping[str, str],
    query: Mapping[str, str],
    settings: ServiceSettings,
    *,
    token_in_query: bool = True,
) -> Principal:
    """Returns who asks; `headers` has lower-case names. For sockets the token may stand in the query.

    Raises Rejected: 401 without a valid token, 403 for another's `user_id`, a foreign Host or Origin.
    """
    if settings.auth == "none":
        check_local(headers, settings)
        return _anyone(headers, query)
    principal = verify(_token(headers, query if token_in_query else {}), settings)
    claimed = query.get("user_id")
    if claimed and claimed != principal.user_id:
        raise _forbidden("user_id is not the user of the access token")
    return principal


def check_local(headers: Mapping[str, str], settings: ServiceSettings) -> None:
    """Raises Rejected (403) unless Host names this machine and Origin, if any, does or is on the list."""
    if not is_loopback(_hostname(f"//{headers.get('host', '')}")):
        raise _forbidden("without tokens, only requests to a loopback host are let in", code="foreign_host")
    origin = headers.get("origin")
    if origin and origin not in settings.cors_origins and not is_loopback(_hostname(origin)):
        raise _forbidden("without tokens, web pages from elsewhere are not let in", code="foreign_origin")


def principal(connection: HTTPConnection) -> Principal:
    """FastAPI dependency: who asks. HTTP requests bring their token in `Authorization: Bearer` only."""
    return authenticate(
        connection.headers,
        connection.query_params,
        connection.app.state.settings,
        token_in_query=connection.scope["type"] == "websocket",
    )


def requires(role: Role) -> Callable[[Principal], Principal]:
    """Returns a FastAPI dependency: who asks, having at least `role`."""

    def required(who: Annotated[Principal, Depends(principal)]) -> Principal:
        who.require(role)
        return who

    return required


def _token(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    token = query.get("token") or query.get("access_token") or ""
    if not token:
        raise _unauthenticated("an access token is needed: Authorization: Bearer …")
    return token


def _anyone(headers: Mapping[str, str], query: Mapping[str, str]) -> Principal:
    claimed = query.get("user_id") or headers.get("x-user-id") or DEFAULT_USER
    try:
        return Principal(_name(claimed), DEFAULT_WORKSPACE, Role.ADMIN)
    except ValueError:
        raise Rejected(
            "user_id must be up to 128 printable characters", code="bad_user", status=422
        ) from None


def _name(text: object) -> str:
    if not (isinstance(text, str) and text.isprintable() and 0 < len(text) <= _NAME_MAX_CHARACTERS):
        raise ValueError("not a name")
    return text


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _unauthenticated(message: str) -> Rejected:
    return Rejected(message, code="unauthenticated", status=401)


def _forbidden(message: str, code: str = "forbidden") -> Rejected:
    return Rejected(message, code=code, status=403)
