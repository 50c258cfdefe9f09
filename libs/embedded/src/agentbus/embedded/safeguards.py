"""What makes a stack secure: an authority and certificates of its own, and passwords, made once and kept.

`Stack(secure=True)` has them made before the first start; from then on Kafka, FerretDB and PostgreSQL let
nobody in without. The passwords stand in files that only the owner can read, named as services look for them
(`agentbus.kernel.environment`): in no environment, command line, URL or log.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from agentbus.bus.security import Security
from agentbus.mongo.settings import DatabaseSettings

USER: Final = "agentbus"
"""The name of our services at Kafka and at the database."""

BROKER_USER: Final = "broker"
_HOSTS: Final = ("127.0.0.1", "localhost")
_SERVERS: Final = ("kafka", "ferretdb")
_KAFKA, _MONGO, _TOKENS = "agentbus_kafka_password", "agentbus_mongo_password", "agentbus_auth_secret"
_POSTGRES: Final = "agentbus_postgres_password"
_BROKER: Final = "broker_password"


@dataclass(frozen=True)
class Safeguards:
    """The files of one stack, in its folder `safeguards`."""

    folder: Path

    @property
    def made(self) -> bool:
        """Whether the stack is a secure one."""
        return self.folder.exists()

    @property
    def authority(self) -> Path:
        """The certificate that all others are signed with (PEM)."""
        return self.folder / "authority.pem"

    @property
    def client(self) -> Path:
        """Certificate and key (PEM) that our services show."""
        return self.folder / "client.pem"

    @property
    def secrets(self) -> Path:
        """The folder of the passwords, a file each."""
        return self.folder / "secrets"

    def server(self, name: str) -> Path:
        """Returns certificate and key (PEM) of `kafka` or `ferretdb`."""
        return self.folder / f"{name}.pem"

    def make(self, token_secret: str) -> None:
        """Makes everything, all or nothing."""
        draft = Safeguards(self.folder.with_suffix(".new"))
        for folder in (draft.folder, draft.secrets):
            folder.mkdir(mode=0o700, exist_ok=True)
        authority = trustme.CA(organization_name="agentbus embedded stack")
        write_private(draft.authority, authority.cert_pem.bytes().decode(), 0o644)
        for name in _SERVERS:
            write_private(draft.server(name), _pem(authority.issue_cert(*_HOSTS)))
        write_private(draft.client, _pem(authority.issue_cert("client.agentbus.localhost")))
        for path in (draft.secrets / _KAFKA, draft.secrets / _MONGO, draft.folder / _BROKER):
            write_private(path, secrets.token_urlsafe(32))
        write_private(draft.secrets / _POSTGRES, draft.database_password)
        write_private(draft.secrets / _TOKENS, token_secret)
        draft.folder.rename(self.folder)

    @property
    def kafka_password(self) -> str:
        """The password of `USER` at Kafka."""
        return self._password(_KAFKA)

    @property
    def broker_password(self) -> str:
        """The password of `BROKER_USER`, by which Kafka's nodes know one another."""
        return (self.folder / _BROKER).read_text()

    @property
    def database_password(self) -> str:
        """The password of `USER` at PostgreSQL, and so at FerretDB."""
        return self._password(_MONGO)

    def bus(self) -> Security:
        """Returns how Kafka is spoken to; without encryption unless the stack is a secure one."""
        if not self.made:
            return Security()
        return Security(
            "SASL_SSL",
            user=USER,
            password=SecretStr(self.kafka_password),
            ca_file=self.authority,
            certificate_file=self.client,
        )

    def database_options(self) -> dict[str, Any]:
        """Returns what `agentbus.mongo.client.connect` needs beside URL and database name."""
        if not self.made:
            return {}
        password = SecretStr(self.database_password)
        return DatabaseSettings(mongo_password=password, **self._database()).database_options()

    def environment(self) -> Mapping[str, str]:
        """Returns the settings of a service; its passwords it reads from `secrets`."""
        if not self.made:
            return {}
        files = {"CA_FILE": str(self.authority), "CERTIFICATE_FILE": str(self.client)}
        kafka = {"SECURITY_PROTOCOL": "SASL_SSL", "USER": USER, **files}
        return {
            "AGENTBUS_SECRETS_DIR": str(self.secrets),
            "AGENTBUS_POSTGRES_USER": USER,
            **{f"AGENTBUS_KAFKA_{name}": value for name, value in kafka.items()},
            **{f"AGENTBUS_{name.upper()}": str(value) for name, value in self._database().items()},
        }

    def _database(self) -> dict[str, Any]:
        return {
            "mongo_tls": True,
            "mongo_ca_file": self.authority,
            "mongo_certificate_file": self.client,
            "mongo_user": USER,
            "mongo_auth_mechanism": "PLAIN",
        }

    def _password(self, name: str) -> str:
        return (self.secrets / name).read_text()


def _pem(certificate: trustme.LeafCert) -> str:
    """Returns key and chain; Kafka wants the key as PKCS #8."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
    return (key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain).decode()


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file that from its first moment on only its owner can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
