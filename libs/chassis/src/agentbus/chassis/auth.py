"""Who asks, and what they may do (design.md section 7, ADR 0017). Called by routes, and by the gateway.

Credentials are local tokens, tokens of an OIDC issuer, and API keys (`agentbus.chassis.access`). With
`AGENTBUS_AUTH=none` there are none: everyone on this machine is let in, and Host and Origin are checked so
that a web page elsewhere is not (DNS rebinding).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import HTTPConnection

from agentbus.chassis.access.access import Access
from agentbus.chassis.access.identity import (
    DEFAULT_USER,
    DEFAULT_WORKSPACE,
    Principal,
    Role,
    Scope,
    forbidden,
    name,
    unauthenticated,
)
from agentbus.chassis.access.tokens import (
    ISSUER,
    SECRET_LEAST_BYTES,
    issue,
    require_secret,
    require_way_in,
    verify,
)
from agentbus.chassis.instruments import ACCESS_REFUSED
from agentbus.chassis.rates import admit
from agentbus.chassis.settings import ServiceSettings, is_loopback
from agentbus.kernel.errors import AgentbusError, Rejected

__all__ = [
    "DEFAULT_USER",
    "DEFAULT_WORKSPACE",
    "ISSUER",
    "SECRET_LEAST_BYTES",
    "Access",
    "Principal",
    "Role",
    "Scope",
    "authenticate",
    "check_local",
    "credential_in",
    "issue",
    "principal",
    "require_secret",
    "require_way_in",
    "requires",
    "verify",
]


def authenticate(
    headers: Mapping[str, str],
    query: Mapping[str, str],
    settings: ServiceSettings,
    *,
    token_in_query: bool = True,
    access: Access | None = None,
) -> Principal:
    """Returns who asks; `headers` has lower-case names. For sockets the token may stand in the query.

    With `access`, revocations, API keys and OIDC tokens count; await `access.learn(credential)` before, where
    one can wait, so that a key that the issuer has just begun to use is known. Without it, for services that
    have no bus, local tokens stand on their signature alone.

    Raises Rejected: 401 without a valid credential, 403 for another's `user_id`, another workspace than the
    request names, a foreign Host or Origin; Transient (503, `access_unknown`).
    """
    if settings.auth == "none":
        check_local(headers, settings)
        return _anyone(headers, query)
    try:
        who = _identified(headers, query, settings, token_in_query=token_in_query, access=access)
    except AgentbusError as error:
        ACCESS_REFUSED.labels(error.code).inc()
        raise
    claimed = query.get("user_id")
    if claimed and claimed != who.user_id:
        raise forbidden("user_id is not the user of the access token")
    return who


def credential_in(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """Returns the credential that a request brings: a bearer token, else `token` or `access_token`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return query.get("token") or query.get("access_token") or None


def check_local(headers: Mapping[str, str], settings: ServiceSettings) -> None:
    """Raises Rejected (403) unless Host names this machine and Origin, if any, does or is on the list."""
    if not is_loopback(_hostname(f"//{headers.get('host', '')}")):
        raise forbidden("without tokens, only requests to a loopback host are let in", code="foreign_host")
    origin = headers.get("origin")
    if origin and origin not in settings.cors_origins and not is_loopback(_hostname(origin)):
        raise forbidden("without tokens, web pages from elsewhere are not let in", code="foreign_origin")


async def principal(connection: HTTPConnection) -> Principal:
    """FastAPI dependency: who asks. HTTP requests bring their token in `Authorization: Bearer` only.

    A workspace in the path counts as one that the request names. Raises Rejected and Transient as
    `authenticate`, TooMany (429) when they ask too often.
    """
    state, in_query = connection.app.state, connection.scope["type"] == "websocket"
    access: Access | None = getattr(state, "access", None)
    credential = credential_in(connection.headers, connection.query_params if in_query else {})
    if access is not None and credential is not None:
        await access.learn(credential)
    query = {**connection.query_params, **_named_in(connection.path_params)}
    who = authenticate(connection.headers, query, state.settings, token_in_query=in_query, access=access)
    admit(connection, who.workspace_id, who.user_id)
    return who


def requires(role: Role, *scopes: Scope) -> Callable[[Principal], Awaitable[Principal]]:
    """Returns a FastAPI dependency: who asks, having at least `role` and each of `scopes`."""

    async def required(who: Annotated[Principal, Depends(principal)]) -> Principal:
        who.require(role, *scopes)
        return who

    return required


def _identified(
    headers: Mapping[str, str],
    query: Mapping[str, str],
    settings: ServiceSettings,
    *,
    token_in_query: bool,
    access: Access | None,
) -> Principal:
    credential = credential_in(headers, query if token_in_query else {})
    if credential is None:
        raise unauthenticated("an access token is needed: Authorization: Bearer …")
    named = headers.get("x-workspace-id") or query.get("workspace_id") or None
    who = verify(credential, settings) if access is None else access.identify(credential, named)
    if named is not None and named != who.workspace_id:
        raise forbidden("the access token is for another workspace", code="other_workspace")
    return who


def _named_in(path: Mapping[str, str]) -> Mapping[str, str]:
    return {"workspace_id": path["workspace_id"]} if "workspace_id" in path else {}


def _anyone(headers: Mapping[str, str], query: Mapping[str, str]) -> Principal:
    claimed = query.get("user_id") or headers.get("x-user-id") or DEFAULT_USER
    try:
        return Principal(name(claimed), DEFAULT_WORKSPACE, Role.ADMIN)
    except ValueError:
        raise Rejected(
            "user_id must be up to 128 printable characters", code="bad_user", status=422
        ) from None


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
