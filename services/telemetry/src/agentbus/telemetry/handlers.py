"""What is done with the records of `agent.messages` and `workspace.changes`: decode; feed the ledger."""

from collections.abc import Iterable
from typing import TypeAlias

from pydantic import ValidationError

from agentbus.bus.batch import Batch, Poison
from agentbus.bus.record import Record
from agentbus.contracts.message import Message
from agentbus.contracts.workspace import WorkspaceChange
from agentbus.kernel.errors import Invalid
from agentbus.observability.log import get_logger
from agentbus.plan.sequence import Verdict
from agentbus.telemetry.model import Ledger

Parsed: TypeAlias = tuple[Record, Message]
_log = get_logger(__name__)


def read(batch: Batch) -> tuple[list[Parsed], list[Poison]]:
    """Returns the batch's messages, and the records that are none."""
    parsed: list[Parsed] = []
    poison: list[Poison] = []
    for record in batch.records:
        try:
            parsed.append((record, parse(record)))
        except Invalid as error:
            poison.append(Poison(record, error.code, error.message))
    return parsed, poison


def count(batch: Iterable[Parsed], ledger: Ledger, counted_up_to: int = 0) -> None:
    """Takes messages into the figures.

    Those below the offset `counted_up_to` were counted here before: they only change what is in flight.
    """
    for record, message in batch:
        if ledger.take(message, counted=record.offset >= counted_up_to) is Verdict.GAP:
            _log.warning("gap in a plan", plan_id=message.plan_id, seq=message.seq, offset=record.offset)


def parse(record: Record) -> Message:
    """Returns the message in `record`; raises Invalid for what no consumer takes."""
    try:
        message = Message.model_validate_json(record.value)
    except ValidationError as error:
        raise Invalid(_reason(error), code="invalid_message") from error
    if message.plan_id != record.key:
        raise Invalid("the record's key is not the message's plan_id", code="wrong_key")
    return message


def parse_change(record: Record) -> WorkspaceChange:
    """Returns the change in `record`; raises Invalid for what is none."""
    try:
        return WorkspaceChange.model_validate_json(record.value)
    except ValidationError as error:
        raise Invalid(_reason(error), code="invalid_change") from error


def _reason(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])[:200]
    return f"{where}: {first['msg']}" if where else first["msg"]
