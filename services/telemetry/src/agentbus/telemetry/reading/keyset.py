"""Pages of lists in an order of time and a name: what a cursor says, and the condition that goes on from it.

For the lists of plans, errors and their events. A cursor keeps its place while rows come and go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from agentbus.contracts.timestamps import format_timestamp, parse_timestamp
from agentbus.telemetry.reading.errors import BadCursor
from agentbus.telemetry.reading.statements import Values

_APART: Final = "~"
T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """Items of a list, as they are told; `cursor` is where the rest begins, None when there is none."""

    items: Sequence[Any]
    cursor: str | None


def cursor_at(at: datetime, name: str) -> str:
    """Returns the cursor of what comes after this row."""
    return f"{format_timestamp(at)}{_APART}{name}"


def after(cursor: str | None, columns: tuple[str, str], values: Values) -> list[str]:
    """Returns the conditions that go on after the cursor, in descending order; raises BadCursor."""
    if cursor is None:
        return []
    at, apart, name = cursor.partition(_APART)
    try:
        moment = parse_timestamp(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not apart or "\x00" in name:
        raise BadCursor("cursor must be one from a Link header")
    return [f"({', '.join(columns)}) < ({values(moment)}::timestamptz, {values(name)}::text)"]
