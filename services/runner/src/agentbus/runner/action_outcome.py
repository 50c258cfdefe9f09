"""What an action came to, as the log keeps it: values, failures with their stack, and what replays give.

Called by `execution`.
"""

import traceback
from collections.abc import Mapping
from typing import Any, Final

from agentbus.contracts.payloads import Failure
from agentbus.kernel.errors import AgentbusError
from agentbus.runner.bounds import publishable
from agentbus.runner.errors import ActionFailed
from agentbus.runner.team import Outcome

_MESSAGE_LIMIT_CHARACTERS: Final = 4096
_STACK_LIMIT_CHARACTERS: Final = 16_384


def as_outcome(value: Any) -> Outcome:
    """Returns what work gave as an outcome."""
    return value if isinstance(value, Outcome) else Outcome(value)


def recorded(payload: Mapping[str, Any]) -> Any:
    """Returns the value that a finished action gave; raises ActionFailed when it had failed."""
    if (error := payload.get("error")) is not None:
        raise ActionFailed(error["message"], code=error["code"])
    return payload["result"]


def failure_of(error: BaseException, default_code: str) -> Failure:
    """Returns the failure that `error` is, with its stack; `default_code` when it has no code of its own."""
    return Failure(
        code=error.code if isinstance(error, AgentbusError) else default_code,
        message=publishable(str(error) or type(error).__name__)[:_MESSAGE_LIMIT_CHARACTERS],
        type=type(error).__name__,
        stack=publishable("".join(traceback.format_exception(error)))[-_STACK_LIMIT_CHARACTERS:],
    )
