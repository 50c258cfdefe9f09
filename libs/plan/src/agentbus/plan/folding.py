"""Walking a plan's log: which messages count, which are to be stored, what plan they tell. Pure.

The rules do not depend on where a walk is cut into batches, so the persister's many short walks and one walk
over the whole log (`agentbus verify`, `rebuild`) come to the same documents.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from agentbus.plan.projection import PlanDocument, apply
from agentbus.plan.sequence import PlanSequence, Verdict

_UNTOLD: Final = {"type": "state_changed", "payload": {}}
"""Put over a message whose payload the projection cannot read, so that only its `seq` and time are folded."""


class Taken(NamedTuple):
    """What became of a message. Of those `kept` with one `seq`, the first of the log is the one to store."""

    verdict: Verdict
    kept: bool
    understood: bool


class PlanFold:
    """A plan while its log is walked, from the stored `plan` on, or from the log's beginning (None)."""

    def __init__(self, plan: PlanDocument | None = None) -> None:
        self.plan = plan
        self.sequence = PlanSequence() if plan is None else PlanSequence(plan["last_seq"], plan["attempt"])

    def take(self, message: Mapping[str, Any]) -> Taken:
        """Folds the next message of the log, if it counts.

        Stale ones are not kept. Duplicates are, though not folded again: a message that was dead-lettered and
        put back comes as one, and is stored after all. So are those of an older attempt up to where the log
        stands: they are stored already, or they were missing.
        """
        verdict = self.sequence.accept(message["seq"], message["attempt"])
        kept = verdict is not Verdict.STALE or message["seq"] <= self.sequence.last_seq
        understood = self._apply(message) if verdict.accepted else True
        return Taken(verdict, kept, understood)

    def _apply(self, message: Mapping[str, Any]) -> bool:
        try:
            self.plan = apply(self.plan, message)
        except (AttributeError, KeyError, TypeError, ValueError):
            self.plan = apply(self.plan, {**message, **_UNTOLD})
            return False
        return True
