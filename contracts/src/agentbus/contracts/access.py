"""Who may do what, as it stands on the compacted topic `access.changes` (decision 0016).

Written by the plan service alone, read by every service from the beginning (`agentbus.chassis.access`). The
`subject` is the record's key: a record whose value names another subject than its key is broken.
"""

from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from agentbus.contracts.timestamps import Timestamp

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
RoleName = Literal["viewer", "editor", "admin"]


def subject(kind: str, *parts: str) -> str:
    """Returns the key of a record: the kind and percent-encoded parts (RFC 3986), with slashes between."""
    return "/".join([kind, *(quote(part, safe="") for part in parts)])


class AccessFact(BaseModel):
    """What all records have: the workspace that it is about, and who said so when."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    subject: str = Field(description="The record's key.")
    workspace_id: Name
    changed_at: Timestamp
    changed_by: Name

    @model_validator(mode="after")
    def _about_its_subject(self) -> Self:
        if self.subject != self.own_subject():
            raise ValueError("the subject is not what the other fields name")
        return self

    def own_subject(self) -> str:
        """Returns the subject that the other fields name."""
        raise NotImplementedError


class ApiKey(AccessFact):
    """An API key: `key/<key_id>`. Of its secret only the SHA-256 is kept."""

    kind: Literal["api_key"] = "api_key"
    key_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{8,64}$")]
    secret_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    name: Name = Field(description="What it is for, in words.")
    user_id: Name
    role: RoleName
    scopes: list[str]
    expires_at: Timestamp

    def own_subject(self) -> str:
        """Returns `key/<key_id>`."""
        return subject("key", self.key_id)


class Membership(AccessFact):
    """A user's role in a workspace: `member/<workspace_id>/<user_id>`."""

    kind: Literal["membership"] = "membership"
    user_id: Name
    role: RoleName

    def own_subject(self) -> str:
        """Returns `member/<workspace_id>/<user_id>`."""
        return subject("member", self.workspace_id, self.user_id)


class RevokedToken(AccessFact):
    """One token lets nobody into the workspace any more: `revoked/<workspace_id>/<token_id>`."""

    kind: Literal["revoked_token"] = "revoked_token"
    token_id: Name

    def own_subject(self) -> str:
        """Returns `revoked/<workspace_id>/<token_id>`."""
        return subject("revoked", self.workspace_id, self.token_id)


class RevokedUser(AccessFact):
    """What a user was issued up to `before` lets nobody in: `revoked-user/<workspace_id>/<user_id>`."""

    kind: Literal["revoked_user"] = "revoked_user"
    user_id: Name
    before: Timestamp

    def own_subject(self) -> str:
        """Returns `revoked-user/<workspace_id>/<user_id>`."""
        return subject("revoked-user", self.workspace_id, self.user_id)


AccessChange = Annotated[ApiKey | Membership | RevokedToken | RevokedUser, Field(discriminator="kind")]
ACCESS_CHANGE: TypeAdapter[ApiKey | Membership | RevokedToken | RevokedUser] = TypeAdapter(AccessChange)
