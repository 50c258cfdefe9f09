"""What an administrative act comes to: facts for `access.changes`. Pure; called by `access_acts.py`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agentbus.chassis.access import api_keys
from agentbus.chassis.access.identity import name
from agentbus.chassis.auth import Principal, Role
from agentbus.contracts.access import ApiKey, Membership, RevokedToken, RevokedUser, subject
from agentbus.contracts.http.access import NewApiKey
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.errors import Invalid
from agentbus.plans.errors import BadScopes, LastAdmin

Fact = ApiKey | Membership | RevokedToken | RevokedUser


@dataclass(frozen=True)
class Said:
    """Who says it, when."""

    who: Principal
    now: datetime

    @property
    def at(self) -> str:
        """The moment as a wire timestamp."""
        return format_timestamp(self.now)


def new_key(request: NewApiKey, said: Said) -> tuple[str, ApiKey]:
    """Returns the key as its owner gets it, and what is kept; raises BadScopes for more than is covered.

    Nobody gives a key more scopes than their own credential has.
    """
    role = Role(request.role)
    most = role.scopes & said.who.scopes
    scopes = most if request.scopes is None else frozenset(request.scopes)
    if not scopes or not scopes <= most:
        raise BadScopes(f"a key of a {role} may have these scopes: {', '.join(sorted(most)) or 'none'}")
    made = api_keys.make()
    kept = ApiKey(
        subject=subject("key", made.key_id),
        workspace_id=said.who.workspace_id,
        changed_at=said.at,
        changed_by=said.who.user_id,
        key_id=made.key_id,
        secret_sha256=made.secret_sha256,
        name=checked(request.name, "name"),
        user_id=said.who.user_id if request.user_id is None else checked(request.user_id, "user_id"),
        role=request.role,
        scopes=sorted(scopes),
        expires_at=format_timestamp(said.now + timedelta(days=request.lifetime_days)),
    )
    return made.text, kept


def membership(user_id: str, role: Role, said: Said) -> Membership:
    """Returns the fact that the user has the role in the caller's workspace."""
    return Membership(
        subject=subject("member", said.who.workspace_id, checked(user_id, "user_id")),
        workspace_id=said.who.workspace_id,
        changed_at=said.at,
        changed_by=said.who.user_id,
        user_id=user_id,
        role=role.value,
    )


def revoked_token(token_id: str, said: Said) -> RevokedToken:
    """Returns the fact that the token lets nobody into the caller's workspace."""
    return RevokedToken(
        subject=subject("revoked", said.who.workspace_id, checked(token_id, "token_id")),
        workspace_id=said.who.workspace_id,
        changed_at=said.at,
        changed_by=said.who.user_id,
        token_id=token_id,
    )


def revoked_user(user_id: str, said: Said) -> RevokedUser:
    """Returns the fact that what the user was issued until now lets nobody into the caller's workspace."""
    return RevokedUser(
        subject=subject("revoked-user", said.who.workspace_id, checked(user_id, "user_id")),
        workspace_id=said.who.workspace_id,
        changed_at=said.at,
        changed_by=said.who.user_id,
        user_id=user_id,
        before=said.at,
    )


def check_admin_left(members: list[Membership], user_id: str, role: Role | None) -> None:
    """Raises LastAdmin when the change to `role` (None: removal) takes the only admin from `members`."""
    admins = {member.user_id for member in members if Role(member.role) is Role.ADMIN}
    if admins == {user_id} and role is not Role.ADMIN:
        raise LastAdmin("this is the workspace's last admin: make another one first")


def checked(text: str, field: str) -> str:
    """Returns `text`; raises Invalid when it cannot be a name."""
    try:
        return name(text)
    except ValueError:
        raise Invalid(f"{field} must be up to 128 printable characters", code="invalid_name") from None
