from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from agentbus.postgres.settings import PostgresSettings

FAR = "postgresql://db.example.org/agentbus"


def settings(**fields: Any) -> PostgresSettings:
    return PostgresSettings(**fields)


def test_secrets_do_not_show() -> None:
    made = settings(
        postgres_url="postgresql://u:hidden@127.0.0.1/x",
        postgres_user="u",
        postgres_password=SecretStr("hidden"),
    )
    assert "hidden" not in repr(made)
    assert made.postgres_options()["password"] == "hidden"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"postgres_user": "u"}, "of use together only"),
        ({"postgres_url": "postgresql://u:p@db.example.org/x"}, "unencrypted to db.example.org"),
        (
            {"postgres_url": FAR, "postgres_user": "u", "postgres_password": SecretStr("p")},
            "unencrypted to db.example.org",
        ),
        ({"postgres_url": "postgresql:///x?host=db.example.org&password=p"}, "unencrypted to db.example.org"),
        ({"postgres_ca_file": Path("/dev/null")}, "of no use without TLS"),
        ({"postgres_sslmode": "verify-full", "postgres_ca_file": Path("/nowhere")}, "there is no file"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        settings(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"postgres_url": "postgresql:///x?host=/run/socket&user=postgres"},
        {"postgres_url": "postgresql://u:p@127.0.0.1/x"},
        {"postgres_url": "postgresql:///x?host=/run/socket&password=p"},
        {"postgres_url": f"{FAR}?sslmode=verify-full&password=p"},
        {"postgres_url": "postgresql://u:p@db.example.org/x", "postgres_sslmode": "require"},
        {"postgres_url": "postgresql://u:p@db.example.org/x", "allow_unencrypted_passwords": True},
    ],
)
def test_what_is_safe_is_taken(fields: dict[str, Any]) -> None:
    assert settings(**fields).postgres_options()["dsn"] == fields["postgres_url"]


def test_require_encrypts_and_verify_full_also_verifies() -> None:
    require = settings(postgres_url=FAR, postgres_sslmode="require").postgres_options()["ssl"]
    verified = settings(postgres_url=FAR, postgres_sslmode="verify-full").postgres_options()["ssl"]
    assert (require.check_hostname, verified.check_hostname) == (False, True)
