"""Administrative acts on access: one function each, in the caller's own workspace only (decision 0016).

Order everywhere: validate, look it up in the access book, record the act, change. Whoever loses a membership
or part of a role also loses what was issued to them with it. Called by `access_routes.py`.
"""

from dataclasses import dataclass
from typing import Any

from agentbus.bus import audit
from agentbus.chassis.access.book import AccessBook
from agentbus.chassis.auth import Principal, Role
from agentbus.contracts.access import ApiKey, subject
from agentbus.contracts.audit import AuditEntry
from agentbus.contracts.http.access import (
    CreatedApiKey,
    ListedApiKey,
    Member,
    NewApiKey,
    NewRevocation,
    Revoked,
)
from agentbus.kernel.clock import Clock
from agentbus.plans.access_log import AccessLog
from agentbus.plans.access_model import (
    Said,
    check_admin_left,
    membership,
    new_key,
    revoked_token,
    revoked_user,
)
from agentbus.plans.errors import UnknownKey, UnknownMember

_SERVICE = "plans"


@dataclass(frozen=True)
class Admin:
    """Someone who administers their workspace, and from where."""

    who: Principal
    address: str


@dataclass(frozen=True)
class AccessParts:
    """What the acts work with; built in `app.py`."""

    book: AccessBook
    log: AccessLog
    clock: Clock


async def create_key(request: NewApiKey, admin: Admin, *, parts: AccessParts) -> CreatedApiKey:
    """Makes an API key; its secret is in the answer and nowhere else. Raises BadScopes, Transient."""
    text, kept = new_key(request, _said(admin, parts))
    details = {name: getattr(kept, name) for name in ("name", "user_id", "role", "scopes", "expires_at")}
    await parts.log.write(_entry("create_key", kept.subject, admin, details), [kept])
    return CreatedApiKey(**listed(kept).model_dump(), key=text)


def keys(admin: Admin, *, parts: AccessParts) -> list[ListedApiKey]:
    """Returns the workspace's API keys, oldest first; raises Transient until the book was read."""
    parts.book.require_known()
    return [listed(key) for key in parts.book.state.keys_of(admin.who.workspace_id)]


async def revoke_key(key_id: str, admin: Admin, *, parts: AccessParts) -> None:
    """Deletes an API key; it lets nobody in any more. Raises UnknownKey, Transient."""
    parts.book.require_known()
    kept = parts.book.state.keys.get(key_id)
    if kept is None or kept.workspace_id != admin.who.workspace_id:
        raise UnknownKey("there is no such API key")
    details = {"name": kept.name, "user_id": kept.user_id}
    await parts.log.write(_entry("revoke_key", kept.subject, admin, details), [], forget=[kept.subject])


def members(admin: Admin, *, parts: AccessParts) -> list[Member]:
    """Returns the workspace's members by user; raises Transient until the book was read."""
    parts.book.require_known()
    found = parts.book.state.members(admin.who.workspace_id)
    return [Member.model_validate(each.model_dump()) for each in found]


async def set_member(user_id: str, role: Role, admin: Admin, *, parts: AccessParts) -> Member:
    """Gives the user the role. Raises LastAdmin, Invalid, Transient."""
    parts.book.require_known()
    said = _said(admin, parts)
    fact = membership(user_id, role, said)
    earlier = parts.book.state.role(admin.who.workspace_id, user_id)
    check_admin_left(parts.book.state.members(admin.who.workspace_id), user_id, role)
    lowered = earlier is not None and not role.covers(earlier)
    details = {"role": role, "earlier_role": earlier}
    await parts.log.write(
        _entry("set_member", fact.subject, admin, details),
        [revoked_user(user_id, said), fact] if lowered else [fact],
    )
    return Member.model_validate(fact.model_dump())


async def remove_member(user_id: str, admin: Admin, *, parts: AccessParts) -> None:
    """Ends the membership and all that the user was issued. Raises UnknownMember, LastAdmin, Transient."""
    parts.book.require_known()
    workspace_id = admin.who.workspace_id
    earlier = parts.book.state.role(workspace_id, user_id)
    if earlier is None:
        raise UnknownMember("this user is no member of the workspace")
    check_admin_left(parts.book.state.members(workspace_id), user_id, None)
    key = subject("member", workspace_id, user_id)
    await parts.log.write(
        _entry("remove_member", key, admin, {"earlier_role": earlier}),
        [revoked_user(user_id, _said(admin, parts))],
        forget=[key],
    )


async def revoke(request: NewRevocation, admin: Admin, *, parts: AccessParts) -> Revoked:
    """Revokes a token, or all that a user was issued until now. Raises Invalid, Transient."""
    said = _said(admin, parts)
    fact = (
        revoked_user(request.user_id, said)
        if request.user_id is not None
        else revoked_token(request.token_id or "", said)
    )
    await parts.log.write(_entry("revoke", fact.subject, admin, {}), [fact])
    return Revoked(token_id=request.token_id, user_id=request.user_id, revoked_at=said.at)


def listed(kept: ApiKey) -> ListedApiKey:
    """Returns the key as lists show it: without its hash."""
    shown: dict[str, Any] = kept.model_dump(include=set(ListedApiKey.model_fields))
    return ListedApiKey(**shown, created_at=kept.changed_at, created_by=kept.changed_by)


def _said(admin: Admin, parts: AccessParts) -> Said:
    return Said(admin.who, parts.clock.now())


def _entry(act: str, about: str, admin: Admin, details: dict[str, Any]) -> AuditEntry:
    return audit.entry(
        act,
        about,
        workspace_id=admin.who.workspace_id,
        user_id=admin.who.user_id,
        credential=admin.who.token_id or admin.who.credential,
        service=_SERVICE,
        address=admin.address,
        details=details,
    )
