"""Someone who was let in: roles, scopes, and the refusals that all of this package gives. Pure.

Used through `agentbus.chassis.auth`, and by the command line, which needs no more of the chassis.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from agentbus.kernel.errors import Rejected

NAME_MAX_CHARACTERS: Final = 128
DEFAULT_USER: Final = "local"
DEFAULT_WORKSPACE: Final = "default"

Credential = Literal["none", "token", "oidc", "key"]


class Scope(StrEnum):
    """What a credential may be used for, within what the role allows."""

    PLANS_READ = "plans:read"
    PLANS_WRITE = "plans:write"
    WORKSPACE_READ = "workspace:read"
    WORKSPACE_WRITE = "workspace:write"
    ACCESS_ADMIN = "access:admin"


class Role(StrEnum):
    """What someone may do in a workspace; each role may do what the ones before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Returns whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)

    @property
    def scopes(self) -> frozenset[str]:
        """All scopes that the role can have."""
        return frozenset(scope for scope, least in _LEAST_ROLE.items() if self.covers(least))


_LEAST_ROLE: Final = {
    Scope.PLANS_READ: Role.VIEWER,
    Scope.PLANS_WRITE: Role.EDITOR,
    Scope.WORKSPACE_READ: Role.VIEWER,
    Scope.WORKSPACE_WRITE: Role.EDITOR,
    Scope.ACCESS_ADMIN: Role.ADMIN,
}


@dataclass(frozen=True)
class Principal:
    """Someone who was let in, and the one workspace that they act in.

    `scopes` never exceed the role; without a narrower credential they are all that the role covers.
    `expires_at` and `issued_at` (Unix time, seconds) say when their credential stops and began to let them
    in, `token_id` is what it is revoked by, `credential` its kind; None where there is no credential.
    """

    user_id: str
    workspace_id: str
    role: Role
    expires_at: float | None = field(default=None, compare=False)
    scopes: frozenset[str] = frozenset(Scope)
    token_id: str | None = field(default=None, compare=False)
    issued_at: float | None = field(default=None, compare=False)
    credential: Credential = field(default="none", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scopes", self.scopes & self.role.scopes)

    def require(self, needed: Role, *scopes: str) -> None:
        """Raises Rejected (403) unless the role covers `needed` (`forbidden`) and each of `scopes` is there
        (`insufficient_scope`).
        """
        if not self.role.covers(needed):
            raise forbidden(f"this needs the role {needed}, and you are {self.role}")
        missing = [scope for scope in scopes if scope not in self.scopes]
        if missing:
            raise forbidden(f"this needs the scope {', '.join(missing)}", code="insufficient_scope")


def name(text: object) -> str:
    """Returns `text` when it can be the name of a user or a workspace; raises ValueError."""
    if not (isinstance(text, str) and text.isprintable() and 0 < len(text) <= NAME_MAX_CHARACTERS):
        raise ValueError("not a name")
    return text


def unauthenticated(message: str, code: str = "unauthenticated") -> Rejected:
    """Returns the refusal of a credential that does not hold (401)."""
    return Rejected(message, code=code, status=401)


def forbidden(message: str, code: str = "forbidden") -> Rejected:
    """Returns the refusal of someone who is known and may not (403)."""
    return Rejected(message, code=code, status=403)
