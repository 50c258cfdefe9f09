"""Records of `access.changes` as the plan service writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from agentbus.chassis.access import api_keys
from agentbus.contracts.access import ApiKey, Membership, RevokedToken, RevokedUser, subject
from agentbus.contracts.timestamps import format_timestamp

Said = tuple[str, bytes]
"""A record's key and value."""

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _head(key: str, workspace_id: str) -> dict[str, Any]:
    return {
        "subject": key,
        "workspace_id": workspace_id,
        "changed_at": format_timestamp(AT),
        "changed_by": "root",
    }


def new_key(workspace_id: str = "w1", **changes: Any) -> tuple[str, Said]:
    """Returns an API key as its owner has it, and its record."""
    made = api_keys.make()
    key = subject("key", made.key_id)
    fact = ApiKey(
        **_head(key, workspace_id),
        **{
            "key_id": made.key_id,
            "secret_sha256": made.secret_sha256,
            "name": "a key",
            "user_id": "ci",
            "role": "editor",
            "scopes": ["plans:read", "plans:write"],
            "expires_at": format_timestamp(datetime.now(UTC) + timedelta(days=1)),
            **changes,
        },
    )
    return made.text, (key, fact.model_dump_json().encode())


def member(user_id: str, role: Any, workspace_id: str = "w1") -> Said:
    key = subject("member", workspace_id, user_id)
    fact = Membership(**_head(key, workspace_id), user_id=user_id, role=role)
    return key, fact.model_dump_json().encode()


def revoked_token(token_id: str, workspace_id: str = "w1") -> Said:
    key = subject("revoked", workspace_id, token_id)
    fact = RevokedToken(**_head(key, workspace_id), token_id=token_id)
    return key, fact.model_dump_json().encode()


def revoked_user(user_id: str, before: datetime, workspace_id: str = "w1") -> Said:
    key = subject("revoked-user", workspace_id, user_id)
    fact = RevokedUser(**_head(key, workspace_id), user_id=user_id, before=format_timestamp(before))
    return key, fact.model_dump_json().encode()
