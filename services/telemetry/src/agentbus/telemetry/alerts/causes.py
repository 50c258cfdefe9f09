"""The probable cause of an overdue execution: rules of thumb over what is known, the surest first. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agentbus.contracts.alerts import LastMessage
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.telemetry.alerts.executions import Execution

_MANY: Final = 3
_SILENT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Clues:
    """What is known: what runs inside it, how many like it are overdue, last messages (None: unread)."""

    inner: Sequence[str]
    alike: int
    last: Sequence[LastMessage] | None
    execution: Execution
    now: datetime


def probable_cause(clues: Clues) -> str:
    """Returns the likeliest reason, in words."""
    execution = clues.execution
    if clues.inner:
        return f"It waits for what runs inside it: {', '.join(clues.inner)}."
    if clues.alike >= _MANY:
        return (
            f"{clues.alike} executions of this kind hang at once: "
            f"what {execution.tool or 'the team'} calls is slow or away."
        )
    if clues.last is None:
        return "The log could not be read: look at Kafka first."
    if not clues.last:
        return "The plan has said nothing for a minute: the tool hangs, or its runner is gone."
    newest = clues.last[-1]
    age = (clues.now - parse_timestamp(newest.at)).total_seconds()
    if newest.action_id == execution.action_id and newest.type == "action_started":
        return f"Nothing came since it started {age:.1f} s ago: the tool hangs, or its runner is gone."
    if age > _SILENT_SECONDS:
        return (
            f"The plan is silent since {newest.type} {age:.1f} s ago: the tool hangs, or its runner is gone."
        )
    if execution.attempt > 1:
        return (
            f"The plan was taken over {execution.attempt - 1} times, and goes on: some of it was done again."
        )
    return f"It goes on ({newest.type} {age:.1f} s ago), slower than before: more to do, or a busy machine."
