"""What is in flight, read back from the log: after a restart, or when a partition changes hands.

The figures' gauges then say the truth at once, not only after every plan of that time has ended. Source of
what to read: the plan records on the compacted `agent.plans`, which hold where each open plan's log begins.
"""

from pydantic import ValidationError

from agentbus.bus.reader import Reader
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.topics import MESSAGES, PLANS
from agentbus.kernel.errors import Invalid
from agentbus.observability.log import get_logger
from agentbus.telemetry.handlers import parse
from agentbus.telemetry.model import Ledger

GROUP = "telemetry"
_log = get_logger(__name__)


async def restore(reader: Reader, partition: int, ledger: Ledger) -> None:
    """Takes the open plans' messages that this group has already counted into `ledger`, without counting.

    Raises Transient when Kafka does not answer.
    """
    counted_up_to = await reader.committed(GROUP, MESSAGES, partition)
    start = min((await _open_plans(reader, partition)).values(), default=counted_up_to)
    restored = 0
    async for record in reader.read(MESSAGES, partition, start, counted_up_to):
        try:
            ledger.take(parse(record), counted=False)
        except Invalid:
            continue  # it is in the dead letter already
        restored += 1
    _log.info("partition restored", partition=partition, messages=restored, offset=counted_up_to)


async def _open_plans(reader: Reader, partition: int) -> dict[str, int]:
    """Returns where the log of each plan that is in flight begins."""
    begins: dict[str, int] = {}
    first = await reader.begin_offset(PLANS, partition)
    async for record in reader.read(PLANS, partition, first):
        begins.pop(record.key, None)
        plan = _plan_record(record.value)
        if plan is not None and plan.state == "in_flight":
            begins[record.key] = plan.messages_offset
    return begins


def _plan_record(value: bytes) -> PlanRecord | None:
    try:
        return PlanRecord.model_validate_json(value)
    except ValidationError:  # a tombstone, or not ours
        return None
