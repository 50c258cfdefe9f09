"""Which model is used: the variables that every OpenAI-compatible client knows, and AGENTBUS_MODEL."""

from typing import Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from agentbus.runner.errors import InputError


class ModelConfiguration(BaseSettings):
    """From the environment. A local server needs no key, the public one no address."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    base_url: str = Field(default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL")
    api_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")
    model: str = Field(default="", validation_alias="AGENTBUS_MODEL")

    @classmethod
    def load(cls) -> Self:
        """Reads the variables; raises InputError (`model_not_configured`) that says which to set."""
        found = cls()
        missing = [] if found.model else ["AGENTBUS_MODEL (the model's name)"]
        if not found.api_key.get_secret_value() and "base_url" not in found.model_fields_set:
            missing.append("OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own that needs no key")
        if missing:
            message = f"The model team needs a model. Set {' and '.join(missing)} for the runner."
            raise InputError(message, code="model_not_configured")
        return found
