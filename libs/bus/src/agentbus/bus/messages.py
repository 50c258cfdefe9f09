"""The message in a record of `agent.messages`, or why there is none: one answer for all who store or compare.

Called by the persister, and by `agentbus verify` and `rebuild`, which must come to the same.
"""

from typing import Any

from pydantic import ValidationError

from agentbus.bus.codec import decode
from agentbus.bus.record import Record
from agentbus.contracts.message import Message
from agentbus.kernel.errors import Invalid


def message_in(record: Record) -> dict[str, Any]:
    """Returns the record's message as it was published, with fields that this version does not know.

    Raises Invalid with code `undecodable`, `invalid_message` or `wrong_key` (its key is not its `plan_id`).
    """
    message = decode(record.value)
    try:
        Message.model_validate(message)
    except ValidationError as error:
        raise Invalid(_reason(error), code="invalid_message") from None
    if record.key != message["plan_id"]:
        raise Invalid(f"the record's key is {record.key!r}, not its plan_id", code="wrong_key")
    return message


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:10])
