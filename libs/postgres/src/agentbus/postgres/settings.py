"""Where PostgreSQL is and how it is spoken to, from `AGENTBUS_…`. Part of settings that need it.

User, password and `sslmode` may also stand in the URL, as libpq takes them; given both ways, the settings
win. A password that would be sent unencrypted is refused before anything connects.
"""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, model_validator

from agentbus.kernel.environment import EnvironmentSettings
from agentbus.kernel.loopback import is_loopback

SslMode = Literal["disable", "prefer", "require", "verify-full"]


class PostgresSettings(EnvironmentSettings):
    """PostgreSQL. Secrets have no default and do not show."""

    postgres_url: str = Field(default="postgresql://127.0.0.1:5432/agentbus", repr=False)
    postgres_user: str = ""
    postgres_password: SecretStr = SecretStr("")
    postgres_sslmode: SslMode = Field(
        default="prefer", description="As libpq's; verify-full is the safe one."
    )
    postgres_ca_file: Path | None = None
    postgres_certificate_file: Path | None = Field(default=None, description="Certificate and key (PEM).")
    postgres_connections: int = Field(default=16, ge=2, description="Most connections of this process.")
    postgres_call_seconds: float = Field(
        default=10.0, gt=0, description="How long one statement may take before the database counts as away."
    )
    allow_unencrypted_passwords: bool = Field(
        default=False, description="Send passwords over unencrypted connections to other machines."
    )

    def postgres_options(self) -> dict[str, Any]:
        """Returns what `database.Database` connects with; holds the password."""
        options: dict[str, Any] = {"dsn": self.postgres_url}
        if self.postgres_user:
            options |= {"user": self.postgres_user, "password": self.postgres_password.get_secret_value()}
        if "postgres_sslmode" in self.model_fields_set or self.postgres_ca_file:
            options["ssl"] = self._ssl()
        return options

    def _ssl(self) -> ssl.SSLContext | str:
        if self.postgres_sslmode in ("disable", "prefer"):
            return self.postgres_sslmode
        context = ssl.create_default_context(cafile=self.postgres_ca_file)
        if self.postgres_sslmode == "require":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.postgres_certificate_file:
            context.load_cert_chain(self.postgres_certificate_file)
        return context

    @model_validator(mode="after")
    def _postgres_is_safe(self) -> Self:
        if problems := list(self._postgres_problems()):
            raise ValueError("; ".join(problems))
        return self

    def _postgres_problems(self) -> Iterator[str]:
        url = urlsplit(self.postgres_url)
        query = parse_qs(url.query)
        mode = query.get("sslmode", ["prefer"])[0]
        if "postgres_sslmode" in self.model_fields_set:
            mode = self.postgres_sslmode
        password = self.postgres_password.get_secret_value() or url.password or query.get("password")
        if bool(self.postgres_user) != bool(self.postgres_password.get_secret_value()):
            yield "AGENTBUS_POSTGRES_USER and AGENTBUS_POSTGRES_PASSWORD are of use together only"
        if password and mode in ("disable", "allow", "prefer") and not self.allow_unencrypted_passwords:
            yield from (
                f"a password could be sent unencrypted to {host}: set AGENTBUS_POSTGRES_SSLMODE=verify-full "
                "(or AGENTBUS_ALLOW_UNENCRYPTED_PASSWORDS=true where the network is encrypted)"
                for host in [url.hostname or query.get("host", [""])[0]]
                if host and not host.startswith("/") and not is_loopback(host)
            )
        if (self.postgres_ca_file or self.postgres_certificate_file) and self.postgres_sslmode in (
            "disable",
            "prefer",
        ):
            yield "certificates are of no use without TLS: set AGENTBUS_POSTGRES_SSLMODE=verify-full"
        for file in (self.postgres_ca_file, self.postgres_certificate_file):
            if file and not file.is_file():
                yield f"there is no file {file} (PostgreSQL's certificates)"
