"""What comes of the frames that a client sends: answered one after the other, in their order.

Guarantee: an error of a frame is an `error_message`, never the end of the socket, unless the frame was its
way in (`authenticate`); a fault of ours is logged, without what the client sent. Called by the server.
"""

from agentbus.gateway import instruments
from agentbus.gateway.client_frames import read
from agentbus.gateway.errors import SocketClosed
from agentbus.gateway.handlers import Visit, error_frame, handle
from agentbus.gateway.sockets import Socket
from agentbus.kernel.errors import AgentbusError, Fatal
from agentbus.observability.log import get_logger

_log = get_logger(__name__)


async def answer_all(socket: Socket, visit: Visit) -> None:
    """Answers what is in the socket's inbox, and what comes meanwhile."""
    while socket.inbox:
        try:
            answer = await _outcome(socket.inbox[0], visit)
        except SocketClosed as error:
            socket.close(error.code, error.reason)
            return
        if answer is not None:
            socket.write(answer, 1)
        socket.inbox.popleft()


async def _outcome(text: str, visit: Visit) -> bytes | None:
    outcome = "accepted"
    try:
        return await handle(read(text), visit)
    except SocketClosed:
        outcome = "closed"
        raise
    except AgentbusError as error:
        outcome = error.code
        return error_frame(error, visit)
    except Exception as error:  # noqa: BLE001  one frame's failure is not the socket's
        outcome = "failed"
        _log.error("a client's frame failed", **visit.about, exc_info=error)
        failed = Fatal("the gateway failed on this frame; send it again")
        return error_frame(failed, visit)
    finally:
        instruments.CLIENT_FRAMES.labels(outcome).inc()
