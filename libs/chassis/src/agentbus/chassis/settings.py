"""Settings: read once from the environment (`AGENTBUS_…`), frozen, wrong ones refused before anything starts.

Each service subclasses `ServiceSettings` in its own `settings.py` for what it alone needs.
"""

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agentbus.observability.setup import default_instance

Port = Annotated[int, Field(ge=0, le=65535)]


class ServiceSettings(BaseSettings):
    """What every service knows. Port 0 means any free port. Secrets have no default and do not show."""

    model_config = SettingsConfigDict(
        env_prefix="AGENTBUS_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    kafka_bootstrap: str = "127.0.0.1:9092"
    mongo_url: str = Field(default="mongodb://127.0.0.1:27017", repr=False)
    mongo_database: str = "agentbus"
    namespace: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")

    host: str = "127.0.0.1"
    port: Port = 0
    socket_port: Port = 0
    body_limit_bytes: int = Field(default=256 * 1024, ge=1)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    health_check_seconds: float = Field(default=2.0, gt=0, description="Longest time of one readiness check.")
    stop_grace_seconds: float = Field(
        default=10.0, gt=0, description="For running requests, and again for the parts behind them."
    )

    auth: Literal["token", "none"] = "token"
    auth_secret: SecretStr | None = None

    otlp_endpoint: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    data_dir: Path = Path(".agentbus")
    instance: str = Field(default_factory=default_instance, min_length=1, max_length=128)
    source_roots: Annotated[tuple[Path, ...], NoDecode] = ()

    @field_validator("source_roots", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _closed_by_default(self) -> Self:
        if self.auth == "none" and not is_loopback(self.host):
            raise ValueError(
                f"AGENTBUS_AUTH=none lets anyone in, so it is only for a loopback host, not {self.host!r}"
            )
        return self


def is_loopback(host: str) -> bool:
    """Returns whether `host` (a name or an address, without a port) can only mean this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


S = TypeVar("S", bound=ServiceSettings)


def load(settings: type[S]) -> S:
    """Returns the settings from the environment; ends the process with code 78 when they are wrong.

    78 is `EX_CONFIG` of sysexits.h: a supervisor need not try again. What is wrong stands on standard error,
    a line each, without the values.
    """
    try:
        return settings()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = "AGENTBUS_" + "_".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            print(f"{name}: {message}" if problem["loc"] else message, file=sys.stderr)  # noqa: T201
        raise SystemExit(os.EX_CONFIG) from None
