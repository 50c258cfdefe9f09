"""The gateway's errors: what ends a socket, and what only fails a frame."""

from agentbus.contracts.frames import CloseCode
from agentbus.kernel.errors import AgentbusError, Invalid, Rejected, Transient

_CODE_BY_STATUS = {
    401: CloseCode.NOT_AUTHENTICATED,
    403: CloseCode.NOT_ALLOWED,
    404: CloseCode.UNKNOWN_PLAN,
    429: CloseCode.TOO_MANY,
}


class SocketClosed(Exception):
    """This socket ends, with a close code and a reason of at most 123 bytes for people."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class BadFrame(Invalid):
    """A client's frame that cannot be understood: it had no effect, the socket stays open."""

    code = "bad_frame"


def closing(error: AgentbusError) -> SocketClosed:
    """Returns how a socket ends because of `error`."""
    match error:
        case Transient() if error.status not in _CODE_BY_STATUS:
            return SocketClosed(CloseCode.UNAVAILABLE, f"{error.message}; reconnect from after_seq")
        case Rejected() | Transient():
            return SocketClosed(_CODE_BY_STATUS.get(error.status, CloseCode.BAD_PARAMETERS), error.message)
        case Invalid():
            return SocketClosed(CloseCode.BAD_PARAMETERS, error.message)
        case _:
            return SocketClosed(CloseCode.FAILED, "the gateway failed; reconnect from after_seq")
