"""Does this plan exist, though it is not stored yet? Exact and stateless, from the log and committed offsets.

Called by the plan service and the gateway after a miss in the database.
"""

from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.contracts.commands import StartPlan


async def find_start(reader: Reader, plan_id: str) -> StartPlan | None:
    """Returns the plan's start command if the runner has not finished with it yet; ignores void starts."""
    raise NotImplementedError


async def unstored_messages(reader: Reader, plan_id: str) -> list[Record]:
    """Returns the plan's records on `agent.messages` that the persister has not committed yet."""
    raise NotImplementedError
