"""How long an execution is expected to take: a limit that was set, else its own history. Called by `overdue`.

A limit for the tool comes before one for the agent, a named one before `*`. Without one: p95 of the newest
completed runs of the same agent and tool (of a plan: of the same team) in the workspace, times a factor, when
there are enough of them, and never less than a floor. Without either nothing is expected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentbus.contracts.alerts import Expected
from agentbus.telemetry.alerts.executions import Execution, History, Thing

Limits = Mapping[tuple[str, str, str], float]


@dataclass(frozen=True)
class Measure:
    """How history becomes an expectation."""

    factor: float
    least_samples: int
    floor_seconds: float


def expected(execution: Execution, limits: Limits, history: History | None, by: Measure) -> Expected | None:
    """Returns what is expected of the execution; None: nothing is."""
    for kind, name in _names(execution):
        seconds = limits.get((execution.workspace_id, kind, name))
        if seconds is not None:
            return Expected(basis="limit", seconds=seconds, set_for=f"{kind} {name}")
    if history is None or history.samples < by.least_samples:
        return None
    return Expected(
        basis="history",
        seconds=max(by.floor_seconds, history.p95_seconds * by.factor),
        p95_seconds=history.p95_seconds,
        samples=history.samples,
    )


def _names(execution: Execution) -> Iterable[tuple[str, str]]:
    if execution.action_id is None:
        return (("team", execution.team_id), ("team", "*"))
    return (
        ("tool", execution.tool or ""),
        ("agent", execution.agent),
        ("tool", "*"),
        ("agent", "*"),
    )


def least_seconds(limits: Limits, by: Measure) -> float:
    """Returns the age below which nothing can be overdue."""
    set_seconds = (seconds for (_, kind, _), seconds in limits.items() if kind != "cost")
    return min(by.floor_seconds, *set_seconds, by.floor_seconds)


class Histories:
    """Histories, asked for again after a while: they change slowly, and evaluation comes every second."""

    def __init__(self, keep_seconds: float) -> None:
        self._keep_seconds = keep_seconds
        self._kept: dict[Thing, tuple[float, History | None]] = {}

    def missing(self, things: Iterable[Thing], now: float) -> list[Thing]:
        """Returns the things that have to be asked for; forgets those that are not among `things`."""
        wanted = set(things)
        self._kept = {
            thing: kept
            for thing, kept in self._kept.items()
            if thing in wanted and now - kept[0] < self._keep_seconds
        }
        return sorted(wanted - self._kept.keys(), key=str)

    def keep(self, asked: Iterable[Thing], found: Mapping[Thing, History], now: float) -> None:
        """Takes in what was asked for."""
        self._kept |= {thing: (now, found.get(thing)) for thing in asked}

    def of(self, thing: Thing) -> History | None:
        """Returns the thing's history, None when it has none."""
        kept = self._kept.get(thing)
        return kept and kept[1]
