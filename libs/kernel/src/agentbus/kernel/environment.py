"""Where settings come from: `AGENTBUS_…` variables, else files of that name, so that no environment need
hold a secret. Base of every settings class.

A file `agentbus_kafka_password` in `$AGENTBUS_SECRETS_DIR` (default `/run/secrets`, where Docker and
Kubernetes put secrets) gives `AGENTBUS_KAFKA_PASSWORD`; a variable wins over a file.
"""

import os
from pathlib import Path
from typing import Final

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

DEFAULT_SECRETS_DIR: Final = "/run/secrets"


class EnvironmentSettings(BaseSettings):
    """Frozen; errors do not show values."""

    model_config = SettingsConfigDict(
        env_prefix="AGENTBUS_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  there is no such file here
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  its folder would be fixed at import
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Returns the sources, the first that knows a setting wins."""
        folder = Path(os.environ.get("AGENTBUS_SECRETS_DIR") or DEFAULT_SECRETS_DIR)
        files = (SecretsSettingsSource(settings_cls, folder),) if folder.is_dir() else ()
        return (init_settings, env_settings, *files)
