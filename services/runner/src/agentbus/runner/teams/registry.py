"""Which teams this runner has, by their ids; asked by the composition root.

The model team is always there: without its library or its variables its plans fail with a message that says
what to install or set. A team of the user's that cannot be loaded stops the runner when it starts, not later.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from agentbus.contracts.teams import MODEL, REVIEW
from agentbus.kernel.errors import Fatal
from agentbus.runner.team import Team
from agentbus.runner.teams.model.team import ModelTeam
from agentbus.runner.teams.review.team import ReviewTeam
from agentbus.runner.teams.review.toolbox import Toolbox

TeamFactory = Callable[[], Team]


class TeamSettings(Protocol):
    """What of the runner's settings the teams need."""

    @property
    def source_roots(self) -> Sequence[Path]:
        """The directories under which plans may review source trees."""
        ...

    @property
    def teams(self) -> str:
        """More teams: `module:attribute`, comma separated."""
        ...


def teams(settings: TeamSettings) -> dict[str, TeamFactory]:
    """Returns a factory for each team.

    Raises Fatal (`team_not_loadable`) when one of `settings.teams` is no team or no factory of one.
    """
    toolbox = Toolbox(settings.source_roots)
    known: dict[str, TeamFactory] = {
        REVIEW.team_id: lambda: ReviewTeam(toolbox),
        MODEL.team_id: lambda: ModelTeam(toolbox),
    }
    for entry in filter(None, (part.strip() for part in settings.teams.split(","))):
        factory = _load(entry)
        known[factory().card.team_id] = factory
    return known


def _load(entry: str) -> TeamFactory:
    """A team, or something to call that gives one: a class or a function without arguments."""
    module, _, attribute = entry.partition(":")
    try:
        found = getattr(import_module(module), attribute)
        ready = hasattr(found, "run") and not isinstance(found, type)
        factory: TeamFactory = (lambda: found) if ready else found
        team = factory()
        _ = team.run, team.card.team_id
    except Exception as error:
        message = f"AGENTBUS_TEAMS names {entry!r}, which gives no team: {type(error).__name__}: {error}"
        raise Fatal(message, code="team_not_loadable") from error
    return factory
