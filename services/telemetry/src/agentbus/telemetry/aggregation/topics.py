"""What is counted in the database: the topics, and how. Called by `app.py` and the benchmark."""

from agentbus.bus.reader import Reader
from agentbus.contracts.message import Message
from agentbus.contracts.prices import prices
from agentbus.contracts.topics import MESSAGES, WORKSPACE_CHANGES
from agentbus.contracts.workspace import WorkspaceChange
from agentbus.telemetry.aggregation.change_writer import ChangeWriter
from agentbus.telemetry.aggregation.counting import Counting
from agentbus.telemetry.aggregation.message_writer import MessageWriter
from agentbus.telemetry.handlers import parse, parse_change
from agentbus.telemetry.ports import Parts


def count_messages(parts: Parts, reader: Reader) -> Counting[Message]:
    """Returns what counts `agent.messages`, not running yet."""
    settings = parts.settings

    def new_writer(partition: int) -> MessageWriter:
        return MessageWriter(partition, prices(), known_limit=settings.telemetry_known_plans)

    return Counting(
        MESSAGES,
        parts.database,
        parts.schema,
        reader,
        decode=parse,
        new_writer=new_writer,
        batch_records=settings.telemetry_batch_records,
    )


def count_changes(parts: Parts, reader: Reader) -> Counting[WorkspaceChange]:
    """Returns what counts `workspace.changes`, not running yet."""
    return Counting(
        WORKSPACE_CHANGES,
        parts.database,
        parts.schema,
        reader,
        decode=parse_change,
        new_writer=ChangeWriter,
        batch_records=parts.settings.telemetry_batch_records,
    )
