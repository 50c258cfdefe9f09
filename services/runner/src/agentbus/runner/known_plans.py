"""The plan records of the partitions that this runner owns: all in flight, the newest that have ended.

Bounded by the plans in flight: of those that ended, at most `ended_limit` are remembered in all.
An older one stands on the compacted topic alone. Called by `ownership`.
"""

from collections import OrderedDict
from collections.abc import Iterable

from agentbus.contracts.plan_record import PlanRecord


class KnownPlans:
    """What is known of plans, by partition."""

    def __init__(self, ended_limit: int) -> None:
        self._ended_limit = ended_limit
        self._in_flight: dict[int, dict[str, PlanRecord]] = {}
        self._ended: OrderedDict[tuple[int, str], PlanRecord] = OrderedDict()

    def get(self, partition: int, plan_id: str) -> PlanRecord | None:
        """Returns what is known of a plan; None for one that never started, or ended long ago."""
        in_flight = self._in_flight.get(partition, {}).get(plan_id)
        return in_flight or self._ended.get((partition, plan_id))

    def put(self, record: PlanRecord, partition: int) -> None:
        """Takes in a plan's newest record."""
        plan_id = record.start.plan_id
        self.drop(partition, plan_id)
        if record.state == "in_flight":
            self._in_flight.setdefault(partition, {})[plan_id] = record
            return
        self._ended[partition, plan_id] = record
        if len(self._ended) > self._ended_limit:
            self._ended.popitem(last=False)

    def drop(self, partition: int, plan_id: str) -> None:
        """Forgets a plan."""
        self._in_flight.get(partition, {}).pop(plan_id, None)
        self._ended.pop((partition, plan_id), None)

    def empty(self) -> "KnownPlans":
        """Returns another one with the same limit, to be filled and then taken in by `replace`."""
        return KnownPlans(self._ended_limit)

    def replace(self, partition: int, known: "KnownPlans") -> None:
        """Owns the partition from now on and knows of it what `known` does, which is given away."""
        self.lose([partition])
        self._in_flight[partition] = known._in_flight.get(partition, {})
        for record in known._ended.values():
            self.put(record, partition)

    def lose(self, partitions: Iterable[int]) -> list[str]:
        """Forgets partitions; returns the plans of them that were known."""
        lost = set(partitions)
        ended = [key for key in self._ended if key[0] in lost]
        for key in ended:
            del self._ended[key]
        in_flight = [plan_id for partition in lost for plan_id in self._in_flight.pop(partition, {})]
        return in_flight + [plan_id for _, plan_id in ended]

    def in_flight(self, partition: int) -> list[PlanRecord]:
        """Returns the partition's plans that have not ended."""
        return list(self._in_flight.get(partition, {}).values())

    def partitions(self) -> list[int]:
        """Returns the partitions that are owned."""
        return list(self._in_flight)

    def partition_of(self, plan_id: str) -> int | None:
        """Returns the owned partition that the plan is on, as far as it is known."""
        return next((each for each in self._in_flight if self.get(each, plan_id) is not None), None)

    def __len__(self) -> int:
        return len(self._ended) + sum(map(len, self._in_flight.values()))


def closed(record: PlanRecord, now: str) -> PlanRecord:
    """Returns the record of a plan that has ended: kept for good, so without what only its team needed."""
    start = record.start.model_copy(update={"description": record.start.description[:200], "inputs": {}})
    changed = {"start": start, "state": "ended", "updated_at": now, "traceparent": None}
    return record.model_copy(update=changed)
