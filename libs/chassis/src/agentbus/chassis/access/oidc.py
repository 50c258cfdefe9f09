"""Tokens of an OIDC issuer: RS256 and ES256 only, under the key that the token's `kid` names (ADR 0017).

Who holds one has the role that their membership gives them, in the workspace that the request names, else in
their only one. Called by `Access`.
"""

import jwt

from agentbus.chassis.access.identity import Principal, Role, Scope, forbidden, name, unauthenticated
from agentbus.chassis.access.key_set import ALGORITHMS, KeySet
from agentbus.chassis.access.state import AccessState
from agentbus.chassis.access.tokens import LEEWAY_SECONDS, decoded, token_id
from agentbus.chassis.settings import ServiceSettings
from agentbus.kernel.errors import Invalid, Transient

_KEY_ID_MAX_CHARACTERS = 256


def key_id(token: str) -> str | None:
    """Returns the `kid` of a token that claims one of the issuer's algorithms; None for any other text."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        return None
    found = header.get("kid")
    if header.get("alg") not in ALGORITHMS.values() or not isinstance(found, str):
        return None
    return found if len(found) <= _KEY_ID_MAX_CHARACTERS else None


def identify(
    token: str, workspace_id: str | None, keys: KeySet, state: AccessState, settings: ServiceSettings
) -> Principal:
    """Returns who the issuer says holds `token`.

    Raises Rejected (401, 403), Invalid (`workspace_required`), Transient (503, `keys_unknown`).
    """
    if not keys.known:
        raise Transient("the issuer's keys are not known", code="keys_unknown")
    key = keys.get(key_id(token) or "")
    if key is None:
        raise unauthenticated("the access token is signed with a key that its issuer does not have")
    try:
        claims = decoded(
            token,
            key,
            key.algorithm_name,
            audience=settings.oidc_audience,
            issuer=settings.oidc_issuer or "",
        )
        user_id, expires_at = name(claims["sub"]), float(claims["exp"]) + LEEWAY_SECONDS
        issued_at = float(claims["iat"])
    except jwt.ExpiredSignatureError:
        raise unauthenticated("the access token has expired; get a new one") from None
    except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError):
        raise unauthenticated("the access token is not valid") from None
    workspace_id, role = _membership(user_id, workspace_id, state)
    return Principal(
        user_id,
        workspace_id,
        role,
        expires_at=expires_at,
        scopes=frozenset(Scope),
        token_id=token_id(token, claims),
        issued_at=issued_at,
        credential="oidc",
    )


def _membership(user_id: str, workspace_id: str | None, state: AccessState) -> tuple[str, Role]:
    if workspace_id is None:
        mine = state.workspaces(user_id)
        if len(mine) > 1:
            raise Invalid("name the workspace: header X-Workspace-Id", code="workspace_required")
        workspace_id = mine[0] if mine else ""
    role = state.role(workspace_id, user_id)
    if role is None:
        raise forbidden("you are no member of this workspace", code="not_a_member")
    return workspace_id, role
