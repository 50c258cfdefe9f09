"""Roll-ups: what a minute, hour or day adds to the figures of one agent, tool and model. Pure.

Adding is the same in any order: counts and microseconds are whole numbers, money is decimal, sketches add.
Called by `fold`; written by `rollup_store`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from agentbus.telemetry.aggregation.rows import added

Grain = Literal["minute", "hour", "day"]
GRAINS: Final[tuple[Grain, ...]] = ("minute", "hour", "day")


class Subject(NamedTuple):
    """Whose figures, and when: `starts_at` is the beginning of the minute, hour or day, in UTC."""

    starts_at: datetime
    workspace_id: str
    team_id: str
    agent: str
    agent_type: str
    tool: str
    model: str


@dataclass(slots=True)
class Cell:
    """What executions come to. `bins` is the sketch of their durations."""

    executions: int = 0
    failures: int = 0
    microseconds: int = 0
    seconds_max: float = 0.0
    queue_us: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    unpriced_tokens: int = 0
    bins: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Cell") -> None:
        """Takes the other's executions in."""
        self.executions += other.executions
        self.failures += other.failures
        self.microseconds += other.microseconds
        self.seconds_max = max(self.seconds_max, other.seconds_max)
        self.queue_us += other.queue_us
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost_usd = added(self.cost_usd, other.cost_usd)
        self.unpriced_tokens += other.unpriced_tokens
        for key, count in other.bins.items():
            self.bins[key] = self.bins.get(key, 0) + count


def minute_of(at: datetime) -> datetime:
    """Returns the beginning of the minute."""
    return at.replace(second=0, microsecond=0)


def begin_of(grain: Grain, minute: datetime) -> datetime:
    """Returns the beginning of the minute, hour or day (UTC) that a minute is in."""
    if grain == "minute":
        return minute
    return minute.replace(minute=0) if grain == "hour" else minute.replace(minute=0, hour=0)


def rolled_up(minutes: Mapping[Subject, Cell]) -> Iterator[tuple[Grain, Subject, Cell]]:
    """Yields the minutes, and what they come to by hour and by day."""
    finer: Iterable[tuple[Subject, Cell]] = minutes.items()
    for grain in GRAINS:
        cells: dict[Subject, Cell] = {}
        for subject, cell in finer:
            coarse = subject._replace(starts_at=begin_of(grain, subject.starts_at))
            cells.setdefault(coarse, Cell()).add(cell)
        for subject, cell in cells.items():
            yield grain, subject, cell
        finer = cells.items()
