"""Does this plan exist, though it is not stored yet? Exact and stateless, from the log and committed offsets.

Called by the plan service and the gateway after a miss in the database, or without one. Between the two lies
no gap: the runner commits a start only after the plan's record and its first message are acknowledged, the
persister commits messages only after they are stored.
"""

from typing import Final

from pydantic import ValidationError

from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.contracts.commands import COMMAND, StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.contracts.topics import COMMANDS, MESSAGES, PLANS

RUNNER_GROUP: Final = "runner"
PERSISTER_GROUP: Final = "persister"


def start_in(record: Record) -> StartPlan | None:
    """Returns the start command in a record of `agent.commands`; None for others, void and broken ones."""
    try:
        command = COMMAND.validate_json(record.value)
    except ValidationError:
        return None
    if not isinstance(command, StartPlan) or record.appended_at > parse_timestamp(command.expires_at):
        return None
    return command


async def find_start(reader: Reader, plan_id: str) -> StartPlan | None:
    """Returns the plan's start command if the runner has not finished with it yet; ignores void starts.

    Raises Transient when Kafka does not answer.
    """
    partition = await reader.partition_for(COMMANDS, plan_id)
    begin = await reader.committed(RUNNER_GROUP, COMMANDS, partition)
    async for record in reader.read(COMMANDS, partition, begin, key=plan_id):
        start = start_in(record)
        if start is not None:
            return start
    return None


async def find_record(reader: Reader, plan_id: str) -> PlanRecord | None:
    """Returns the newest record of a plan that a runner has taken on, in flight or ended; None: none has.

    Raises Transient when Kafka does not answer.
    """
    partition = await reader.partition_for(PLANS, plan_id)
    begin = await reader.begin_offset(PLANS, partition)
    newest: PlanRecord | None = None
    async for record in reader.read(PLANS, partition, begin, key=plan_id):
        try:
            newest = PlanRecord.model_validate_json(record.value)
        except ValidationError:
            newest = None  # a tombstone, or nothing that a runner wrote
    return newest


async def unstored_messages(reader: Reader, plan_id: str) -> list[Record]:
    """Returns the plan's records on `agent.messages` that the persister has not committed yet.

    Raises Transient when Kafka does not answer.
    """
    partition = await reader.partition_for(MESSAGES, plan_id)
    begin = await reader.committed(PERSISTER_GROUP, MESSAGES, partition)
    return [record async for record in reader.read(MESSAGES, partition, begin, key=plan_id)]
