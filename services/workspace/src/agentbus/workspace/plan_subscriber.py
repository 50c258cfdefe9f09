"""The edge to the bus: group `workspace` on `agent.messages` → `plan_tasks.follow`. Built in `app.py`."""

from collections.abc import Sequence
from typing import Final

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.delivery import DeadLetterLimits, Delivery
from agentbus.contracts.topics import MESSAGES
from agentbus.kernel.clock import Clock
from agentbus.postgres.database import Database
from agentbus.postgres.schema import Schema
from agentbus.workspace.plan_tasks import follow
from agentbus.workspace.turns import Turns

GROUP: Final = "workspace"


def deliver_plans(
    address: BusAddress,
    database: Database,
    turns: Turns,
    *,
    schema: Schema,
    clock: Clock,
    limits: DeadLetterLimits,
) -> Delivery:
    """Returns the delivery of plans' messages to their tasks, not running yet."""

    async def handle(batch: Batch) -> Sequence[Poison]:
        """Raises Transient while PostgreSQL is away or its schema is not made yet."""
        await schema.check()
        return await follow(batch, database=database, turns=turns, clock=clock)

    return Delivery(address, topics=[MESSAGES], group=GROUP, handler=handle, limits=limits)
