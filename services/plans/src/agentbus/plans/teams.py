"""Which teams a plan may name: those that come with agentbus, and what `AGENTBUS_TEAMS` adds.

An entry with a colon is loaded for its card, as the runner loads it; one without is an id, for a plan service
that does not have the team's code. Called by `app.py`; listed by `GET /api/v3/teams`.
"""

from collections.abc import Iterable
from importlib import import_module

from agentbus.contracts.payloads import Team
from agentbus.contracts.teams import TEAMS
from agentbus.kernel.errors import Fatal


def known_teams(entries: Iterable[str]) -> dict[str, Team]:
    """Returns all teams by id, the default one first.

    Raises Fatal (`team_not_loadable`) for an entry that is no team.
    """
    added = [_loaded(entry) if ":" in entry else Team(team_id=entry, name=entry) for entry in entries]
    return {**TEAMS, **{team.team_id: team for team in added}}


def _loaded(entry: str) -> Team:
    module, _, attribute = entry.partition(":")
    try:
        found = getattr(import_module(module), attribute)
        team = found() if isinstance(found, type) or not hasattr(found, "card") else found
        return Team.model_validate(team.card)
    except Exception as error:
        message = f"AGENTBUS_TEAMS names {entry!r}, which gives no team: {type(error).__name__}: {error}"
        raise Fatal(message, code="team_not_loadable") from error
