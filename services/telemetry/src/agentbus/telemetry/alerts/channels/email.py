"""E-mail over SMTP (RFC 5321), in a thread of its own with time-outs; mails of one alert make one thread.

The same change told again has the same Message-ID, by which mailboxes drop the second.
"""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

from pydantic import SecretStr

from agentbus.contracts.alerts import AlertChange
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.kernel.errors import Transient
from agentbus.telemetry.alerts.channels.wording import lines, title

_SECONDS: Final = 5.0
"""How long each step of the conversation may take."""


@dataclass(frozen=True)
class Mailer:
    """How mail leaves. `tls`: from the first byte; `starttls`: it is demanded, never optional."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: SecretStr
    sender: str
    recipients: tuple[str, ...]


class Email:
    """Built in `app.py` when a mail server is set."""

    name = "email"

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    async def send(self, change: AlertChange, body: bytes) -> None:  # noqa: ARG002  people read words
        """Returns when the mail server has taken it for every recipient; raises Transient."""
        try:
            await asyncio.to_thread(_hand_over, self._mailer, mail(change, self._mailer))
        except (smtplib.SMTPException, OSError) as error:
            code = getattr(error, "smtp_code", "")
            reason = f"the mail server did not take it: {type(error).__name__} {code}".rstrip()
            raise Transient(reason, code="channel_away") from None


def mail(change: AlertChange, mailer: Mailer) -> EmailMessage:
    """Returns the mail, plain text."""
    found = EmailMessage()
    domain = mailer.sender.rpartition("@")[2].rstrip(">") or "localhost"
    first = f"<alert-{change.alert.alert_id}@{domain}>"
    found["Subject"] = title(change)[:200]
    found["From"] = mailer.sender
    found["To"] = ", ".join(mailer.recipients)
    found["Date"] = format_datetime(parse_timestamp(change.at))
    found["Message-ID"] = first if change.transition == "firing" else f"<change-{change.number}@{domain}>"
    found["Auto-Submitted"] = "auto-generated"
    if change.transition != "firing":
        found["In-Reply-To"] = found["References"] = first
    found.set_content("\n".join(lines(change)) + "\n")
    return found


def _hand_over(mailer: Mailer, message: EmailMessage) -> None:
    with _connected(mailer) as server:
        if mailer.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mailer.user:
            server.login(mailer.user, mailer.password.get_secret_value())
        refused = server.send_message(message)
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)


def _connected(mailer: Mailer) -> smtplib.SMTP:
    if mailer.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mailer.host, mailer.port, timeout=_SECONDS, context=context)
    return smtplib.SMTP(mailer.host, mailer.port, timeout=_SECONDS)
