"""The workspace service's settings: what every service knows, where PostgreSQL is, and these."""

from typing import Annotated

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from agentbus.chassis.settings import ServiceSettings
from agentbus.postgres.settings import PostgresSettings


class WorkspaceSettings(ServiceSettings, PostgresSettings):
    """All from the environment, `AGENTBUS_…`."""

    body_limit_bytes: int = Field(default=16_000_000, ge=1)
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Fernet keys for secrets, comma separated: the first encrypts, all decrypt.",
    )
    stream_limit_bytes: int = Field(
        default=1_000_000, ge=1, description="What may wait for a slow stream; then it has to pull."
    )
    stream_seconds: float = Field(
        default=150.0,
        gt=0,
        description="How long a stream is open; clients come again. Below the edge's limit.",
    )
    stream_ping_seconds: float = Field(default=15.0, gt=0, description="How often an idle stream says so.")
    streams_limit: int = Field(default=2000, ge=0, description="Streams at once.")

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("secret_keys")
    @classmethod
    def _keys_are_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in keys:
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError("each key is 32 bytes in URL-safe base64 (Fernet.generate_key)") from None
        return keys
