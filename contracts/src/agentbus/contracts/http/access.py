"""Bodies of the access routes of the plan service: API keys, members, revocations (decision 0016).

For admins of a workspace, about that workspace alone.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from agentbus.contracts.access import RoleName
from agentbus.contracts.http.plans import ID_MAX_CHARACTERS, Request
from agentbus.contracts.timestamps import Timestamp

LIFETIME_MAX_DAYS = 366

Named = Annotated[
    str, StringConstraints(min_length=1, max_length=ID_MAX_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
]
"""Users, tokens and what keys are for. Whether each character can be printed is checked, too."""

ScopeName = Literal["plans:read", "plans:write", "workspace:read", "workspace:write", "access:admin"]


class NewApiKey(Request):
    """Make an API key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "nightly review", "user_id": "ci", "role": "editor", "lifetime_days": 90},
                {"name": "dashboard", "scopes": ["plans:read"]},
            ]
        }
    )

    name: Named = Field(description="What it is for, in words.")
    user_id: Named | None = Field(default=None, description="Whose it is; the caller's when absent.")
    role: RoleName = "viewer"
    scopes: list[ScopeName] | None = Field(
        default=None,
        max_length=8,
        description="What it is for; all that the role covers when absent.",
    )
    lifetime_days: int = Field(default=90, ge=1, le=LIFETIME_MAX_DAYS)


class ListedApiKey(BaseModel):
    """An API key without its secret, which nobody has but its owner."""

    key_id: str
    name: str
    user_id: str
    role: RoleName
    scopes: list[str]
    created_at: Timestamp
    created_by: str
    expires_at: Timestamp


class CreatedApiKey(ListedApiKey):
    """A new API key; `key` is shown this once."""

    key: str = Field(description="`ab_<key_id>_<secret>`: send it as `Authorization: Bearer …`.")


class MemberRole(Request):
    """Give a user a role in the workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "editor"}]})

    role: RoleName


class Member(BaseModel):
    """A user's role in the workspace, and who gave it when."""

    user_id: str
    role: RoleName
    changed_at: Timestamp
    changed_by: str


class NewRevocation(Request):
    """Revoke one token or API key by its id, or everything that a user was issued until now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user_id": "ann"}, {"token_id": "2f1d6c1b0b0e4f6c8a55d1c6f1a0c9be"}],
            "oneOf": [
                {"required": ["token_id"], "properties": {"token_id": {"type": "string"}}},
                {"required": ["user_id"], "properties": {"user_id": {"type": "string"}}},
            ],
        }
    )

    token_id: Named | None = Field(default=None, description="A token's `jti`, or an API key's id.")
    user_id: Named | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.token_id is None) == (self.user_id is None):
            raise ValueError("name either token_id or user_id")
        return self


class Revoked(BaseModel):
    """What was revoked lets nobody in any more, in this workspace."""

    status: Literal["revoked"] = "revoked"
    token_id: str | None
    user_id: str | None
    revoked_at: Timestamp
