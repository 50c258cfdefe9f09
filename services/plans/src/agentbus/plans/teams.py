"""Which teams a plan may name: those that come with agentbus, and what `AGENTBUS_TEAMS` adds.

An entry with a colon is loaded for its card, as the runner loads it; one without is an id, for a plan service
that does not have the team's code. Called by `app.py`.
"""

from collections.abc import Iterable
from importlib import import_module

from agentbus.contracts.teams import TEAMS
from agentbus.kernel.errors import Fatal


def known_team_ids(entries: Iterable[str]) -> frozenset[str]:
    """Returns the ids of all teams; raises Fatal (`team_not_loadable`) for an entry that is no team."""
    return frozenset(TEAMS) | {_loaded_id(entry) if ":" in entry else entry for entry in entries}


def _loaded_id(entry: str) -> str:
    module, _, attribute = entry.partition(":")
    try:
        found = getattr(import_module(module), attribute)
        team = found() if isinstance(found, type) or not hasattr(found, "card") else found
        return str(team.card.team_id)
    except Exception as error:
        message = f"AGENTBUS_TEAMS names {entry!r}, which gives no team: {type(error).__name__}: {error}"
        raise Fatal(message, code="team_not_loadable") from error
