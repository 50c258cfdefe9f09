"""Slack, and what takes the same: Mattermost, Rocket.Chat, Discord with `/slack`. An incoming webhook each.

Source: Slack, "Sending messages using incoming webhooks" and "Formatting text" (what has to be escaped).
"""

from typing import Final

import orjson
from pydantic import SecretStr

from agentbus.contracts.alerts import AlertChange
from agentbus.telemetry.alerts.channels.posting import post
from agentbus.telemetry.alerts.channels.wording import lines, title

_CHARACTERS: Final = 2900
"""A section holds 3,000."""

_ESCAPED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Slack:
    """Built in `app.py` when an address is set."""

    name = "slack"

    def __init__(self, url: SecretStr) -> None:
        self._url = url

    async def send(self, change: AlertChange, body: bytes) -> None:  # noqa: ARG002  people read words
        """Returns when Slack has taken it; raises Transient."""
        await post(self._url.get_secret_value(), orjson.dumps(message(change)), {})


def message(change: AlertChange) -> dict[str, object]:
    """Returns the message: `text` for notifications, a section for the channel. Nothing in it is a link."""
    heading = title(change).translate(_ESCAPED)
    told = "\n".join(line.translate(_ESCAPED) for line in lines(change))
    section = {"type": "mrkdwn", "verbatim": True, "text": f"*{heading}*\n{told}"[:_CHARACTERS]}
    return {"text": heading[:_CHARACTERS], "blocks": [{"type": "section", "text": section}]}
