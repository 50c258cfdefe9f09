"""The edge to the bus: commands in, partitions gained and lost, and the watch on the log.

What cannot be read goes to the dead letter with its reason. Called by the bus.
"""

from collections.abc import Sequence

from pydantic import ValidationError

from agentbus.bus.codec import decode
from agentbus.bus.delivery import Batch, Poison
from agentbus.bus.record import Record, TopicPartition
from agentbus.contracts import topics
from agentbus.contracts.commands import COMMAND
from agentbus.kernel.errors import Invalid
from agentbus.observability.tracing import parent_in, span
from agentbus.runner.handlers import handle
from agentbus.runner.ownership import Ownership


class CommandSubscriber:
    """Hands commands to their handlers, in the order of the partition."""

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership

    async def on_batch(self, batch: Batch) -> Sequence[Poison]:
        """Handles a batch; returns the records that are no commands."""
        poison = []
        for record in batch.records:
            try:
                command = COMMAND.validate_json(record.value)
            except ValidationError as error:
                poison.append(Poison(record, "invalid_command", _reason(error)))
                continue
            if command.plan_id != record.key:
                poison.append(Poison(record, "wrong_key", "The record's key is not the command's plan_id."))
                continue
            parent = parent_in(record.headers)
            about = {"messaging.system": "kafka", "plan_id": command.plan_id}
            with span(f"process {topics.COMMANDS}", kind="consumer", parent=parent, **about):
                await handle(command, batch.partition, record.appended_at, ownership=self._ownership)
        return poison

    async def on_assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """Goes on with the plans of newly gained partitions."""
        for partition in partitions:
            await self._ownership.gain(partition.partition)

    async def on_revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Stops the plans of lost partitions."""
        await self._ownership.lose(partition.partition for partition in partitions)


def watch(ownership: Ownership, records: Sequence[Record]) -> None:
    """Looks on the log for newer attempts of plans that run here."""
    for record in records:
        if ownership.run_of(record.key) is None:
            continue
        try:
            message = decode(record.value)
            ownership.superseded(record.key, int(message["attempt"]))
        except (Invalid, KeyError, TypeError, ValueError):
            continue  # no message at all: the persister puts it into the dead letter


def _reason(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults[:5]
    )
