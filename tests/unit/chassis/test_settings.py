"""Settings: from the environment, frozen, and wrong ones refused with a line for each and no values."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from agentbus.chassis.settings import ServiceSettings, is_loopback, load


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AGENTBUS_")]:
        monkeypatch.delenv(name)


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTBUS_KAFKA_BOOTSTRAP", "broker:9092")
    monkeypatch.setenv("AGENTBUS_SOURCE_ROOTS", "/srv/a, /srv/b,")
    monkeypatch.setenv("AGENTBUS_LOG_LEVEL", "debug")
    monkeypatch.setenv("AGENTBUS_OTLP_ENDPOINT", "")
    settings = ServiceSettings()
    assert settings.kafka_bootstrap == "broker:9092"
    assert settings.source_roots == (Path("/srv/a"), Path("/srv/b"))
    assert settings.log_level == "DEBUG"
    assert settings.otlp_endpoint is None
    assert settings.instance


def test_they_do_not_change_and_do_not_show_secrets() -> None:
    settings = ServiceSettings.model_validate(
        {"auth_secret": "hunter2", "mongo_url": "mongodb://u:hunter2@h/?tls=true"}
    )
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "127.0.0.1.example.org"])
def test_no_tokens_only_on_loopback(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(ValidationError, match="only for a loopback host"):
        ServiceSettings.model_validate({"auth": "none", "host": host})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "LOCALHOST", "127.8.8.8"])
def test_loopback_hosts(host: str) -> None:
    assert is_loopback(host)
    assert ServiceSettings.model_validate({"auth": "none", "host": host}).auth == "none"


def test_wrong_settings_end_the_process_with_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTBUS_PORT", "99999999")
    monkeypatch.setenv("AGENTBUS_AUTH", "hunter2")
    with pytest.raises(SystemExit) as stopped:
        load(ServiceSettings)
    said = capsys.readouterr().err
    assert stopped.value.code == 78
    assert [line.split(":")[0] for line in said.splitlines()] == ["AGENTBUS_PORT", "AGENTBUS_AUTH"]
    assert "hunter2" not in said
    assert "99999999" not in said
