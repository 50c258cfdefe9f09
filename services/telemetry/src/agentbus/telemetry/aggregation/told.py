"""What a message tells of time and input, as figures can hold it. Agents may say anything. Pure.

Called by `fold`.
"""

from datetime import datetime
from typing import Any, Final

import orjson

from agentbus.contracts.message import Message
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.telemetry.aggregation.naming import text
from agentbus.telemetry.sketch import LONGEST_SECONDS

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000
_INPUT_MAX_CHARACTERS: Final = 2_000


def moment(message: Message, otherwise: datetime) -> datetime:
    """Returns when it happened; `otherwise` for a timestamp that names no moment of our time."""
    try:
        at = parse_timestamp(message.timestamp)
    except ValueError:
        return otherwise
    return at if _FIRST_YEAR <= at.year <= _LAST_YEAR else otherwise


def seconds_in(value: object) -> float | None:
    """Returns a duration; None for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_SECONDS:
        return float(value)
    return None


def microseconds(value: object) -> int:
    """Returns a duration in whole microseconds; 0 for what is none."""
    return round((seconds_in(value) or 0.0) * 1e6)


def between(start: datetime | None, end: datetime) -> int:
    """Returns the microseconds between two moments; 0 when clocks disagree on which was first."""
    return 0 if start is None or end < start else round((end - start).total_seconds() * 1e6)


def arguments_in(arguments: Any) -> tuple[str | None, int]:
    """Returns an action's arguments as JSON text, cut, and their size in bytes."""
    if not arguments:
        return None, 0
    try:
        packed = orjson.dumps(arguments)
    except orjson.JSONEncodeError:  # numbers beyond 64 bits
        return None, 0
    begin = packed[: 4 * _INPUT_MAX_CHARACTERS].decode("utf-8", "ignore")
    return text(begin, _INPUT_MAX_CHARACTERS), len(packed)
