"""What channels say, what they keep to themselves, and which settings are refused."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from agentbus.contracts.alerts import AlertChange
from agentbus.telemetry.alerts.channels.email import Mailer, mail
from agentbus.telemetry.alerts.channels.slack import message
from agentbus.telemetry.alerts.channels.webhook import key_of, signature
from agentbus.telemetry.alerts.settings import AlertSettings

EXAMPLE = Path(__file__).parents[3] / "contracts" / "examples" / "alerts" / "execution_overdue.json"
MAILER = Mailer("mail", 25, "none", "", SecretStr(""), "Agents <bus@example.org>", ("ops@example.org",))
SECRET = "a-secret-of-24-characters-or-more"


def change(**alert: Any) -> AlertChange:
    told = AlertChange.model_validate_json(EXAMPLE.read_bytes())
    return told.model_copy(update={"alert": told.alert.model_copy(update=alert)})


def test_the_signature_is_that_of_standard_webhooks() -> None:
    key, body = b"0123456789abcdef01234567", b'{"a": 1}'
    by_hand = hmac.new(key, b"id.1700000000." + body, hashlib.sha256).digest()
    assert signature(key, "id", "1700000000", body) == "v1," + base64.b64encode(by_hand).decode()
    assert key_of("whsec_" + base64.b64encode(key).decode()) == key
    assert key_of("plain") == b"plain"
    with pytest.raises(ValueError, match="base64"):
        key_of("whsec_???")


def test_slack_gets_words_without_links_or_mentions() -> None:
    told = json.dumps(message(change(summary="<!channel> <https://bad.example|click> & more")))
    assert "<!channel>" not in told
    assert "&lt;!channel&gt; &lt;https://bad.example|click&gt; &amp; more" in told
    assert "Probable cause" in told


def test_a_mail_has_one_subject_line_and_a_thread() -> None:
    firing = mail(change(summary="slow\r\nBcc: everyone@example.org"), MAILER)
    assert firing["Bcc"] is None
    assert firing["Subject"] == "[WARNING] ExecutionOverdue: slow Bcc: everyone@example.org"
    resolved = change().model_copy(update={"transition": "resolved", "number": 42})
    assert mail(resolved, MAILER)["In-Reply-To"] == firing["Message-ID"]
    assert mail(resolved, MAILER)["Message-ID"] == "<change-42@example.org>"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"alert_webhook_url": "http://elsewhere.example/x", "alert_webhook_secret": SECRET}, "https"),
        ({"alert_webhook_url": "https://there.example/hook-key"}, "24 characters"),
        ({"alert_webhook_url": "https://there.example/x", "alert_webhook_secret": "short"}, "24 characters"),
        ({"alert_slack_url": "http://hooks.example/x"}, "https"),
        ({"alert_smtp_host": "mail.example"}, "names nobody"),
        (
            {
                "alert_smtp_host": "mail.example",
                "alert_smtp_to": "a@b.example",
                "alert_smtp_security": "none",
            },
            "this machine alone",
        ),
        ({"scrape_targets": "plans"}, "service=http://host:port"),
        ({"scrape_targets": "plans=ftp://host"}, "service=http://host:port"),
        ({"scrape_targets": "plans=http://host:99999"}, "[Pp]ort"),
    ],
)
def test_settings_that_would_tell_too_much_or_nobody_are_refused(fault: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as refused:
        AlertSettings.model_validate(fault)
    assert "hook-key" not in str(refused.value)


def test_secrets_of_channels_do_not_show() -> None:
    settings = AlertSettings.model_validate(
        {
            "alert_webhook_url": "https://there.example/hook-key",
            "alert_webhook_secret": SECRET,
            "alert_slack_url": "https://hooks.example/slack-key",
            "alert_smtp_host": "mail.example",
            "alert_smtp_to": "a@b.example, c@d.example",
            "alert_smtp_password": "mail-key",
        }
    )
    shown = repr(settings) + settings.model_dump_json()
    assert not any(secret in shown for secret in ("hook-key", SECRET, "slack-key", "mail-key"))
    assert settings.alert_smtp_to == ("a@b.example", "c@d.example")
