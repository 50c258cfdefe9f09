"""Agents and tools have the names that they give themselves: here they become few enough for Prometheus."""

from typing import Final, NamedTuple

OTHER: Final = "other"
_NAME_MAX_CHARACTERS: Final = 100


class Pair(NamedTuple):
    """The labels of an action."""

    agent: str
    tool: str


class BoundedPairs:
    """Tells the first `limit` pairs apart; all later ones are `other`. A pair keeps its labels for good."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[Pair] = set()

    def of(self, agent: str, tool: object) -> Pair:
        """Returns the labels for this agent and tool; a tool that is no text is `other`."""
        pair = Pair(_name(agent), _name(tool))
        if pair in self._known:
            return pair
        if len(self._known) >= self._limit:
            return Pair(OTHER, OTHER)
        self._known.add(pair)
        return pair


def _name(text: object) -> str:
    return text[:_NAME_MAX_CHARACTERS] if isinstance(text, str) and text else OTHER
