"""Counts one partition's messages in the database, inside the transaction that moves its offset on.

What is known of plans is a bounded cache of the tables, ahead of them until the commit: `forget` it when the
transaction fails. Called by `counting`.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from agentbus.bus.record import Record
from agentbus.contracts.message import Message
from agentbus.contracts.prices import Prices
from agentbus.postgres.database import Connection
from agentbus.telemetry.aggregation import error_store, plan_store, rollup_store
from agentbus.telemetry.aggregation.fold import Fold
from agentbus.telemetry.aggregation.naming import identifier
from agentbus.telemetry.aggregation.rows import Plan


class MessageWriter:
    """The figures of one partition of `agent.messages`."""

    def __init__(self, partition: int, prices: Prices, *, known_limit: int) -> None:
        self._partition = partition
        self._prices = prices
        self._known_limit = known_limit
        self._known: OrderedDict[str, Plan] = OrderedDict()

    async def write(self, connection: Connection, batch: Sequence[tuple[Record, Message]]) -> None:
        """Takes the messages into the tables. They are those after all that it took before."""
        plan_ids = {identifier(message.plan_id) for _, message in batch}
        self._known.update(await plan_store.read_plans(connection, plan_ids - self._known.keys()))
        fold = Fold(self._known, self._partition, self._prices)
        for record, message in batch:
            fold.take(message, record.appended_at)
        await plan_store.write_plans(connection, list(fold.plans.values()))
        await plan_store.write_actions(connection, list(fold.actions.values()))
        await rollup_store.add(connection, self._partition, fold.minutes)
        await error_store.add(connection, fold.occurrences)
        self._bound(plan_ids)

    def forget(self) -> None:
        """Forgets what may never have been committed."""
        self._known.clear()

    def _bound(self, used: Iterable[str]) -> None:
        for plan_id in used:
            self._known.move_to_end(plan_id)
        while len(self._known) > self._known_limit:
            self._known.popitem(last=False)
