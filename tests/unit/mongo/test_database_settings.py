"""How the database is spoken to: no password leaves unencrypted by accident, and none shows."""

from typing import Any

import pytest
from pydantic import ValidationError
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from agentbus.kernel.errors import Transient
from agentbus.mongo.errors import translate
from agentbus.mongo.settings import DatabaseSettings

PASSWORD = "hunter2-hunter2"
LOGIN: dict[str, Any] = {"mongo_user": "u", "mongo_password": PASSWORD}


def settings(**given: Any) -> DatabaseSettings:
    return DatabaseSettings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"mongo_user": "u"}, "are of use together only"),
        (
            {"mongo_url": "mongodb://db:27017", **LOGIN},
            "would be sent unencrypted to db: set AGENTBUS_MONGO_TLS",
        ),
        ({"mongo_url": f"mongodb://u:{PASSWORD}@127.0.0.1:1,db/"}, "would be sent unencrypted to db"),
        ({"mongo_url": f"mongodb://u:{PASSWORD}@db/?tls=false"}, "would be sent unencrypted to db"),
        ({"mongo_ca_file": "/ca.pem"}, "certificates are of no use without TLS"),
        ({"mongo_tls": True, "mongo_ca_file": "/no/ca.pem"}, "there is no file /no/ca.pem"),
    ],
)
def test_what_is_unsafe_or_of_no_use_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    assert problem in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        {"mongo_url": f"mongodb://u:{PASSWORD}@[::1]:27017"},
        {"mongo_url": f"mongodb://u:{PASSWORD}@db/?ssl=TRUE"},
        {"mongo_url": f"mongodb+srv://u:{PASSWORD}@cluster.example.org"},
        {"mongo_url": "mongodb://db", "mongo_tls": True, **LOGIN},
        {"mongo_url": "mongodb://db", "allow_unencrypted_passwords": True, **LOGIN},
    ],
)
def test_what_is_safe_or_allowed_is_taken(given: dict[str, Any]) -> None:
    assert PASSWORD not in repr(settings(**given))


def test_options_are_those_of_connect() -> None:
    assert settings(mongo_tls=True, mongo_auth_mechanism="PLAIN", **LOGIN).database_options() == {
        "call_seconds": 10,
        "tls": True,
        "username": "u",
        "password": PASSWORD,
        "authMechanism": "PLAIN",
        "authSource": "$external",
    }
    assert settings(mongo_call_seconds=60).database_options() == {"call_seconds": 60}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OperationFailure("Authentication failed.", 18), "AGENTBUS_MONGO_USER and AGENTBUS_MONGO_PASSWORD"),
        (OperationFailure("password authentication failed (SQLSTATE 28P01)", 1), "AGENTBUS_MONGO_USER and"),
        (ServerSelectionTimeoutError("[SSL: CERTIFICATE_VERIFY_FAILED]"), "AGENTBUS_MONGO_CA_FILE must hold"),
    ],
)
def test_a_refusal_says_what_to_do(error: Exception, told: str) -> None:
    refused = translate(error)
    assert isinstance(refused, Transient)
    assert refused.code == "database_refused"
    assert told in refused.message
