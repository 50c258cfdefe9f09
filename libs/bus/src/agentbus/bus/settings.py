"""Where Kafka is and how it is spoken to, from `AGENTBUS_…`. Every service's settings have these; the command
line and `python -m agentbus.bus` read them alone. The only place that makes a `BusAddress` for them.

What would put a password at risk, or be silently of no use, is refused before anything connects.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from agentbus.bus.address import BusAddress
from agentbus.bus.dead_letter import DeadLetterLimits
from agentbus.bus.security import Mechanism, Protocol, Security
from agentbus.kernel.environment import EnvironmentSettings
from agentbus.kernel.loopback import is_loopback


class BusSettings(EnvironmentSettings):
    """The bus. Secrets have no default and do not show."""

    kafka_bootstrap: str = "127.0.0.1:9092"
    namespace: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")

    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_sasl_mechanism: Mechanism = "SCRAM-SHA-512"
    kafka_user: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    allow_unencrypted_passwords: bool = Field(
        default=False, description="Send passwords over unencrypted connections to other machines."
    )

    dead_letter_consecutive: int = Field(
        default=100, ge=1, description="A partition is halted when more records in a row cannot be handled."
    )
    dead_letter_ratio: float = Field(
        default=0.5, gt=0, le=1, description="It is halted when more of the last 1,000 cannot be handled."
    )

    @cached_property
    def bus_security(self) -> Security:
        """How Kafka is spoken to."""
        return Security(
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_user,
            self.kafka_password,
            self.kafka_ca_file,
            self.kafka_certificate_file,
            self.kafka_key_file,
        )

    def bus_address(self, client_id: str) -> BusAddress:
        """Returns what everything in this library takes first; `client_id` is for Kafka's logs."""
        return BusAddress(self.kafka_bootstrap, self.namespace, client_id, self.bus_security)

    def dead_letter_limits(self) -> DeadLetterLimits:
        """Returns how much poison a partition may give before it is halted."""
        return DeadLetterLimits(self.dead_letter_consecutive, self.dead_letter_ratio)

    @model_validator(mode="after")
    def _safe_and_of_use(self) -> Self:
        if problems := list(self._bus_problems()):
            raise ValueError("; ".join(problems))
        return self

    def _bus_problems(self) -> Iterator[str]:
        security = self.bus_security
        given = bool(security.user and security.password.get_secret_value())
        if security.authenticates and not given:
            yield f"{security.protocol} needs AGENTBUS_KAFKA_USER and AGENTBUS_KAFKA_PASSWORD"
        if security.password.get_secret_value() and not security.authenticates:
            yield (
                f"AGENTBUS_KAFKA_PASSWORD is of no use with {security.protocol}: "
                "set AGENTBUS_KAFKA_SECURITY_PROTOCOL=SASL_SSL"
            )
        if (security.ca_file or security.certificate_file) and not security.encrypted:
            yield (
                f"certificates are of no use with {security.protocol}: "
                "set AGENTBUS_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"
            )
        if security.protocol == "SASL_PLAINTEXT" and not self.allow_unencrypted_passwords:
            yield from (
                f"SASL_PLAINTEXT would send a password unencrypted to {host}: use SASL_SSL "
                "(or set AGENTBUS_ALLOW_UNENCRYPTED_PASSWORDS=true where the network is encrypted)"
                for host in _hosts(self.kafka_bootstrap)
                if not is_loopback(host)
            )
        try:
            _ = security.tls
        except OSError as error:
            files = [security.ca_file, security.certificate_file, security.key_file]
            named = ", ".join(str(file) for file in files if file)
            yield f"Kafka's TLS files cannot be used ({named}): {error.strerror or error}"


def _hosts(bootstrap: str) -> list[str]:
    return [server.strip().rpartition(":")[0] for server in bootstrap.split(",")]
