"""The options that say which dead letters are meant. Used by `dlq`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from agentbus.cli.letters import Wanted

_SPAN: Final = re.compile(r"(\d+)([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MOMENT: Final = "30m, 2h or 7d ago, or a time such as 2026-01-31T08:00 (UTC unless it says)."


def moment(text: str) -> datetime:
    """Returns the moment that `text` names: so long ago, or an ISO 8601 time; raises BadParameter."""
    span = _SPAN.fullmatch(text.strip())
    try:
        if span:
            return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
        named = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is neither 30m, 2h, 7d nor a time") from None
    return named if named.tzinfo else named.replace(tzinfo=UTC)


Topic = Annotated[str | None, typer.Option(help="Only of this topic, for example agent.messages.")]
Group = Annotated[str | None, typer.Option(help="Only of this consumer group, for example persister.")]
Code = Annotated[str | None, typer.Option(help="Only those with this error code.")]
Key = Annotated[str | None, typer.Option("--key", "--plan", help="Only of this record key: the plan's id.")]
Since = Annotated[
    datetime | None, typer.Option(help=f"Only put aside since: {_MOMENT}", parser=moment, metavar="TIME")
]
Until = Annotated[
    datetime | None, typer.Option(help=f"Only put aside before: {_MOMENT}", parser=moment, metavar="TIME")
]
Limit = Annotated[int | None, typer.Option(help="At most so many.", min=1)]


def wanted_letters(
    topic: str | None,
    group: str | None,
    code: str | None,
    key: str | None,
    since: datetime | None,
    until: datetime | None,
    *,
    waiting: bool = False,
) -> Wanted:
    """Returns what these options ask for."""
    return Wanted(topic, group, code, key, since, until, waiting)
