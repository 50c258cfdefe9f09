"""Where the message database is and how it is spoken to, from `AGENTBUS_…`. Part of every service's settings.

User, password and certificates may also stand in the URL, as every MongoDB client takes them; given both
ways, the settings win. A password that would be sent unencrypted is refused before anything connects.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, model_validator

from agentbus.kernel.environment import EnvironmentSettings
from agentbus.kernel.loopback import is_loopback

CALL_SECONDS: Final = 10.0
"""How long a call waits for an answer: the longest that a server that hangs can hold its caller."""

_ON: Final = frozenset({"true", "1", "yes"})


class DatabaseSettings(EnvironmentSettings):
    """The message database. Secrets have no default and do not show."""

    mongo_url: str = Field(default="mongodb://127.0.0.1:27017", repr=False)
    mongo_database: str = "agentbus"
    mongo_call_seconds: float = Field(
        default=CALL_SECONDS,
        gt=0,
        description="How long one call may take before the database counts as away.",
    )

    mongo_user: str = ""
    mongo_password: SecretStr = SecretStr("")
    mongo_auth_mechanism: Literal["DEFAULT", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"] = Field(
        default="DEFAULT", description="FerretDB 1 knows PLAIN alone; DEFAULT is agreed on with the server."
    )
    mongo_auth_source: str = "admin"
    mongo_tls: bool = False
    mongo_ca_file: Path | None = None
    mongo_certificate_file: Path | None = Field(default=None, description="Certificate and key (PEM).")
    allow_unencrypted_passwords: bool = Field(
        default=False, description="Send passwords over unencrypted connections to other machines."
    )

    def database_options(self) -> dict[str, Any]:
        """Returns what `client.connect` is given beside URL and database; holds the password."""
        options: dict[str, Any] = {"call_seconds": self.mongo_call_seconds}
        if self.mongo_tls:
            files = {"tlsCAFile": self.mongo_ca_file, "tlsCertificateKeyFile": self.mongo_certificate_file}
            options |= {"tls": True, **{name: str(file) for name, file in files.items() if file}}
        if self.mongo_user:
            options |= {"username": self.mongo_user, "password": self.mongo_password.get_secret_value()}
            options |= {"authMechanism": self.mongo_auth_mechanism, "authSource": self._auth_source}
        return options

    @property
    def _auth_source(self) -> str:
        return "$external" if self.mongo_auth_mechanism == "PLAIN" else self.mongo_auth_source

    @model_validator(mode="after")
    def _password_is_safe(self) -> Self:
        if problems := list(self._database_problems()):
            raise ValueError("; ".join(problems))
        return self

    def _database_problems(self) -> Iterator[str]:
        url = urlsplit(self.mongo_url)
        options = {name.lower(): value.lower() for name, value in parse_qsl(url.query)}
        # The scheme mongodb+srv means TLS unless told otherwise (MongoDB's "Initial DNS Seedlist Discovery").
        default = "true" if url.scheme == "mongodb+srv" else "false"
        encrypted = self.mongo_tls or options.get("tls", options.get("ssl", default)) in _ON
        users, _, servers = url.netloc.rpartition("@")
        if bool(self.mongo_user) != bool(self.mongo_password.get_secret_value()):
            yield "AGENTBUS_MONGO_USER and AGENTBUS_MONGO_PASSWORD are of use together only"
        if (self.mongo_ca_file or self.mongo_certificate_file) and not self.mongo_tls:
            yield "certificates are of no use without TLS: set AGENTBUS_MONGO_TLS=true"
        if (self.mongo_user or users) and not encrypted and not self.allow_unencrypted_passwords:
            yield from (
                f"a password would be sent unencrypted to {host}: set AGENTBUS_MONGO_TLS=true "
                "(or AGENTBUS_ALLOW_UNENCRYPTED_PASSWORDS=true where the network is encrypted)"
                for host in _hosts(servers)
                if not is_loopback(host)
            )
        for file in (self.mongo_ca_file, self.mongo_certificate_file):
            if file and not file.is_file():
                yield f"there is no file {file} (MongoDB's certificates)"


def _hosts(servers: str) -> list[str]:
    """Returns the hosts of `host:port,[::1]:port,…`, without their ports."""
    return [urlsplit(f"//{server}").hostname or server for server in servers.split(",")]
