"""How Kafka is spoken to: what is unsafe or of no use is refused before anything connects, and says so."""

from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from agentbus.bus.address import BusAddress
from agentbus.bus.settings import BusSettings

PASSWORD = "hunter2-hunter2"
LOGIN: dict[str, Any] = {"kafka_user": "u", "kafka_password": PASSWORD}


def settings(**given: Any) -> BusSettings:
    return BusSettings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "needs AGENTBUS_KAFKA_USER and AGENTBUS_KAFKA_PASSWORD"),
        (LOGIN, "is of no use with PLAINTEXT: set AGENTBUS_KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
        ({"kafka_security_protocol": "SSL", **LOGIN}, "is of no use with SSL"),
        ({"kafka_ca_file": "/ca.pem"}, "certificates are of no use with PLAINTEXT"),
        (
            {
                "kafka_security_protocol": "SASL_PLAINTEXT",
                "kafka_bootstrap": "127.0.0.1:1,kafka:9092",
                **LOGIN,
            },
            "would send a password unencrypted to kafka: use SASL_SSL",
        ),
        ({"kafka_security_protocol": "SSL", "kafka_ca_file": "/no/ca.pem"}, "cannot be used (/no/ca.pem)"),
        ({"kafka_security_protocol": "TLS"}, "Input should be"),
    ],
)
def test_what_is_unsafe_or_of_no_use_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    assert problem in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1:9092", "localhost:9092,[::1]:9092"])
def test_on_this_machine_a_password_needs_no_encryption(host: str) -> None:
    given = settings(kafka_security_protocol="SASL_PLAINTEXT", kafka_bootstrap=host, **LOGIN)
    assert given.bus_address("x").security.authenticates


def test_elsewhere_it_may_be_allowed() -> None:
    given = settings(
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_bootstrap="kafka:9092",
        allow_unencrypted_passwords=True,
        **LOGIN,
    )
    assert not given.bus_address("x").security.encrypted


def test_clients_get_everything_and_no_text_holds_the_password(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("client.test")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    address = settings(
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-256",
        kafka_ca_file=tmp_path / "ca.pem",
        kafka_certificate_file=tmp_path / "client.pem",
        **LOGIN,
    ).bus_address("x")
    options = address.connection()
    assert options["ssl_context"].check_hostname
    assert options["ssl_context"].get_ca_certs()
    assert (options["sasl_mechanism"], options["sasl_plain_password"]) == ("SCRAM-SHA-256", PASSWORD)
    assert PASSWORD not in f"{address!r} {address}"


def test_without_settings_there_is_no_encryption() -> None:
    assert BusAddress("k:1").connection() == {"bootstrap_servers": "k:1", "client_id": "agentbus"}


def test_a_password_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "agentbus_kafka_password").write_text(f"{PASSWORD}\n")
    (tmp_path / "agentbus_kafka_user").write_text("from-file")
    monkeypatch.setenv("AGENTBUS_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("AGENTBUS_KAFKA_USER", "from-environment")
    monkeypatch.setenv("AGENTBUS_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    security = BusSettings().bus_security
    assert security.password.get_secret_value() == PASSWORD
    assert security.user == "from-environment"
