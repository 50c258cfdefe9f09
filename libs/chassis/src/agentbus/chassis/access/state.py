"""What `access.changes` says, folded record by record. Pure; kept by `AccessBook`.

Guarantee: a record that cannot be read never opens a door. A broken key or membership is as one that was
deleted; a revocation holds by its key alone, whatever its value, and is never taken back.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from agentbus.chassis.access.identity import Principal, Role
from agentbus.contracts.access import ACCESS_CHANGE, ApiKey, Membership, RevokedToken, RevokedUser
from agentbus.contracts.timestamps import parse_timestamp


@dataclass(frozen=True)
class Change:
    """Something that is different from now on: for one credential, or for all of a user in a workspace.

    `broken`: the record could not be read, and closed what it names.
    """

    workspace_id: str | None
    user_id: str | None = None
    token_id: str | None = None
    broken: bool = False

    def concerns(self, who: Principal) -> bool:
        """Returns whether `who` is to be looked at again (`AccessBook.current`)."""
        if self.workspace_id not in (None, who.workspace_id):
            return False
        return self.user_id == who.user_id if self.token_id is None else self.token_id == who.token_id


class AccessState:
    """API keys, memberships and revocations as of the last record applied."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self._members: dict[str, dict[str, Membership]] = {}
        self._revoked: set[tuple[str, str]] = set()
        self._revoked_before: dict[tuple[str, str], float] = {}

    def apply(self, subject: str, value: bytes, appended_at: datetime) -> Change | None:
        """Takes in the next record; returns what it changes, None when its key names nothing known."""
        fact = _parse(subject, value)
        broken = bool(value) and fact is None
        match [unquote(part) for part in subject.split("/")]:
            case ["key", key_id]:
                return self._key(key_id, fact, broken=broken)
            case ["member", workspace_id, user_id]:
                return self._member(workspace_id, user_id, fact, broken=broken)
            case ["revoked", workspace_id, token_id]:
                self._revoked.add((workspace_id, token_id))
                return Change(workspace_id, token_id=token_id, broken=broken)
            case ["revoked-user", workspace_id, user_id]:
                before = parse_timestamp(fact.before) if isinstance(fact, RevokedUser) else appended_at
                earlier = self._revoked_before.get((workspace_id, user_id), 0.0)
                self._revoked_before[workspace_id, user_id] = max(earlier, before.timestamp())
                return Change(workspace_id, user_id=user_id, broken=broken)
        return None

    def role(self, workspace_id: str, user_id: str) -> Role | None:
        """Returns the user's role by membership, None when they are no member."""
        found = self._members.get(user_id, {}).get(workspace_id)
        return None if found is None else Role(found.role)

    def workspaces(self, user_id: str) -> list[str]:
        """Returns the workspaces that the user is a member of."""
        return sorted(self._members.get(user_id, {}))

    def members(self, workspace_id: str) -> list[Membership]:
        """Returns the workspace's members by user."""
        held = (of_user.get(workspace_id) for of_user in self._members.values())
        return sorted((each for each in held if each is not None), key=lambda each: each.user_id)

    def keys_of(self, workspace_id: str) -> list[ApiKey]:
        """Returns the workspace's API keys, also expired ones, oldest first."""
        held = (each for each in self.keys.values() if each.workspace_id == workspace_id)
        return sorted(held, key=lambda each: (each.changed_at, each.key_id))

    def is_revoked(self, who: Principal) -> bool:
        """Returns whether the credential of `who` was revoked, by its id or with all that the user had."""
        if (who.workspace_id, who.token_id) in self._revoked:
            return True
        before = self._revoked_before.get((who.workspace_id, who.user_id))
        return before is not None and (who.issued_at is None or who.issued_at <= before)

    def _key(self, key_id: str, fact: object, *, broken: bool) -> Change:
        earlier = self.keys.pop(key_id, None)
        if isinstance(fact, ApiKey):
            self.keys[key_id] = earlier = fact
        workspace_id = None if earlier is None else earlier.workspace_id
        return Change(workspace_id, token_id=key_id, broken=broken)

    def _member(self, workspace_id: str, user_id: str, fact: object, *, broken: bool) -> Change:
        held = self._members.setdefault(user_id, {})
        held.pop(workspace_id, None)
        if isinstance(fact, Membership):
            held[workspace_id] = fact
        return Change(workspace_id, user_id=user_id, broken=broken)


def _parse(subject: str, value: bytes) -> ApiKey | Membership | RevokedToken | RevokedUser | None:
    try:
        fact = ACCESS_CHANGE.validate_json(value)
        for field in ("changed_at", "expires_at", "before"):
            parse_timestamp(getattr(fact, field, fact.changed_at))
    except ValueError:
        return None
    return fact if fact.subject == subject else None
