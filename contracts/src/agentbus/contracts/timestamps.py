"""Timestamps as they stand on the wire: RFC 3339, UTC, microseconds, so that text order is time order."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints

Timestamp = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]


def format_timestamp(moment: datetime) -> str:
    """Returns `moment` (with a time zone) as a wire timestamp.

    Raises ValueError when it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a timestamp needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> datetime:
    """Returns the moment, in UTC, that the wire timestamp `text` names; raises ValueError when it is none."""
    return datetime.fromisoformat(text)
