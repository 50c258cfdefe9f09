"""How a client proves to Kafka who it is, and knows that it talks to Kafka. Part of every `BusAddress`.

Certificates are always checked, the host name too. Their files are read once: renewed ones, like a new
password, are used after a restart (infra/rotate-credentials.md).
"""

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import SecretStr

Protocol = Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


_NONE: Final = SecretStr("")


@dataclass(frozen=True)
class Security:
    """Kafka's `security.protocol` and what belongs to it; the default has neither encryption nor a user.

    `ca_file` (PEM): whose certificates are trusted, else the system's. `certificate_file` (PEM) and
    `key_file` (PEM; None: the key is in the certificate's file): what the client shows when it is asked.
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str = ""
    password: SecretStr = _NONE
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the connection is TLS."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def authenticates(self) -> bool:
        """Whether user and password are given to Kafka."""
        return self.protocol in ("SASL_SSL", "SASL_PLAINTEXT")

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context, None without TLS. Raises OSError (ssl.SSLError) for a file that is none."""
        if not self.encrypted:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def options(self) -> dict[str, Any]:
        """Returns the arguments for aiokafka's clients; holds the password, so it is not for logs."""
        if self.protocol == "PLAINTEXT":
            return {}
        options: dict[str, Any] = {"security_protocol": self.protocol, "ssl_context": self.tls}
        if self.authenticates:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return options
