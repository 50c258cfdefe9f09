"""SQL statements with their values, each named where it stands; and what actions are filtered by.

For all reads: values never become text of a statement, only our own words do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

COLUMNS: Final = {
    "team": "team_id",
    "agent": "agent",
    "agent_type": "agent_type",
    "tool": "tool",
    "model": "model",
}
"""The columns of roll-ups and of actions, by the public names."""


class Values(list[Any]):
    """The values of one statement; calling it adds one and returns what stands for it."""

    def __call__(self, value: Any) -> str:
        """Returns the placeholder of a further value."""
        self.append(value)
        return f"${len(self)}"


@dataclass(frozen=True)
class Wanted:
    """Which actions are wanted; None: it does not matter."""

    team: str | None = None
    agent: str | None = None
    agent_type: str | None = None
    tool: str | None = None
    model: str | None = None

    def conditions(self, values: Values, names: Sequence[str] = tuple(COLUMNS)) -> list[str]:
        """Returns the conditions on roll-ups or actions, for those of the `names` that matter."""
        wanted = {name: getattr(self, name) for name in names}
        return [f"{COLUMNS[name]} = {values(value)}" for name, value in wanted.items() if value is not None]


EVERYTHING: Final = Wanted()
