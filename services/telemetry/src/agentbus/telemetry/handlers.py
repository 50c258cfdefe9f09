"""What is done with the records of `agent.messages`: decode, then feed the partition's ledger."""

from pydantic import ValidationError

from agentbus.bus.batch import Batch, Poison
from agentbus.bus.record import Record
from agentbus.contracts.message import Message
from agentbus.kernel.errors import Invalid
from agentbus.observability.log import get_logger
from agentbus.plan.sequence import Verdict
from agentbus.telemetry.model import Ledger

_log = get_logger(__name__)


def count(batch: Batch, ledger: Ledger, counted_up_to: int = 0) -> list[Poison]:
    """Takes a batch into the figures; returns the records that are no messages.

    Records below the offset `counted_up_to` were counted here before: they only change what is in flight.
    """
    poison: list[Poison] = []
    for record in batch.records:
        try:
            message = parse(record)
        except Invalid as error:
            poison.append(Poison(record, error.code, error.message))
            continue
        if ledger.take(message, counted=record.offset >= counted_up_to) is Verdict.GAP:
            _log.warning("gap in a plan", plan_id=message.plan_id, seq=message.seq, offset=record.offset)
    return poison


def parse(record: Record) -> Message:
    """Returns the message in `record`; raises Invalid for what no consumer takes."""
    try:
        message = Message.model_validate_json(record.value)
    except ValidationError as error:
        raise Invalid(_reason(error), code="invalid_message") from error
    if message.plan_id != record.key:
        raise Invalid("the record's key is not the message's plan_id", code="wrong_key")
    return message


def _reason(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])[:200]
    return f"{where}: {first['msg']}" if where else first["msg"]
