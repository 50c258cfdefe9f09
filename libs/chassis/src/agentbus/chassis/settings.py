"""Settings: read once from the environment (`AGENTBUS_…`), frozen, wrong ones refused before anything starts.

Each service subclasses `ServiceSettings` in its own `settings.py` for what it alone needs.
"""

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode

from agentbus.bus.settings import BusSettings
from agentbus.chassis.limit_settings import LimitSettings
from agentbus.kernel.loopback import is_loopback as is_loopback
from agentbus.mongo.settings import DatabaseSettings
from agentbus.observability.setup import default_instance

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")
Port = Annotated[int, Field(ge=0, le=65535)]


class ServiceSettings(BusSettings, DatabaseSettings, LimitSettings):
    """What every service knows: the bus, the database, the limits, and this. Port 0 means any free port.

    Secrets have no default and do not show; each may stand in a file (`agentbus.kernel.environment`).
    """

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
    oidc_issuer: str | None = Field(default=None, description="Whose tokens are let in, too; https.")
    oidc_audience: str = Field(default="agentbus", min_length=1, description="What their `aud` must name.")
    oidc_jwks_url: str | None = Field(default=None, description="The issuer's keys; else discovered. https.")
    oidc_refetch_seconds: float = Field(
        default=5.0, gt=0, description="Least time between two fetches of the keys, whoever asks for them."
    )
    oidc_refresh_seconds: float = Field(
        default=300.0, gt=0, description="How old the keys may be before they are fetched again."
    )
    oidc_hold_seconds: float = Field(
        default=3600.0, gt=0, description="How long the last keys hold while the issuer does not answer."
    )

    redact_patterns: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="More secrets to cut out before the bus: regular expressions, one a line."
    )

    otlp_endpoint: str | None = Field(default=None, description="Where spans go: a collector's OTLP/HTTP.")
    trace_sample_ratio: float = Field(
        default=1.0, ge=0, le=1, description="Of the traces that begin here; others are as their caller says."
    )
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

    @field_validator("redact_patterns", mode="before")
    @classmethod
    def _lines(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.splitlines()))) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins_one_by_one(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("each origin is listed as scheme://host or scheme://host:port; `*` is none")
        return origins

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("oidc_issuer", "oidc_jwks_url")
    @classmethod
    def _confidential(cls, value: str | None) -> str | None:
        if value is not None and not is_confidential(value):
            raise ValueError("an https address is needed; http only on a loopback host")
        return value

    @model_validator(mode="after")
    def _closed_by_default(self) -> Self:
        if self.auth == "none" and not is_loopback(self.host):
            raise ValueError(
                f"AGENTBUS_AUTH=none lets anyone in, so it is only for a loopback host, not {self.host!r}"
            )
        return self


def is_confidential(url: str) -> bool:
    """Returns whether nobody between here and `url` can change what it answers: https, or this machine."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        )
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
