"""The plans of this instance's partitions as they were last saved, so that a batch need not read them.

Bounded, least recently used first out; a plan that has ended is read back if it is ever needed. Entries of a
partition are dropped when it is lost: from then on another instance saves its plans. Called by `handlers.py`
and, at a rebalance, by `subscribers.py`.
"""

from collections import OrderedDict
from collections.abc import Mapping

from agentbus.plan.projection import TERMINAL_STATUSES, PlanDocument


class KnownPlans:
    """Holds at most `limit` plans."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._plans: OrderedDict[tuple[int, str], PlanDocument] = OrderedDict()

    def get(self, partition: int, plan_id: str) -> PlanDocument | None:
        """Returns the plan as it was last saved from here, or None when that is not known."""
        return self._plans.get((partition, plan_id))

    def keep(self, partition: int, plans: Mapping[str, PlanDocument]) -> None:
        """Remembers these plans, which have just been saved."""
        for plan_id, plan in plans.items():
            self._plans.pop((partition, plan_id), None)
            if plan.get("status") not in TERMINAL_STATUSES:
                self._plans[partition, plan_id] = plan
        while len(self._plans) > self._limit:
            self._plans.popitem(last=False)

    def forget(self, partition: int) -> None:
        """Drops what is known of a partition."""
        for key in [key for key in self._plans if key[0] == partition]:
            del self._plans[key]

    def __len__(self) -> int:
        return len(self._plans)
