"""The WebSocket server: accepts connections, runs their sessions, keeps them alive, ends them in order.

Called by `app.py`. Every error of a session becomes a close code here, and every error of a client's frame an
`error_message`; nothing that a client sends stops another's socket.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from picows import WSListener, WSUpgradeRequest, ws_create_server

from agentbus.chassis.auth import Principal, authenticate
from agentbus.contracts.frames import FRAME_MAX_BYTES, CloseCode, Pong
from agentbus.contracts.timestamps import format_timestamp
from agentbus.gateway import instruments
from agentbus.gateway.client_frames import read
from agentbus.gateway.errors import SocketClosed, closing
from agentbus.gateway.handlers import Visit, error_frame, handle
from agentbus.gateway.room import Room
from agentbus.gateway.routes import is_socket, parameters
from agentbus.gateway.session import Sessions, Wish
from agentbus.gateway.settings import GatewaySettings
from agentbus.gateway.sockets import Socket
from agentbus.gateway.wire import frame
from agentbus.kernel.errors import AgentbusError, Fatal
from agentbus.observability.log import bound, get_logger

_log = get_logger(__name__)


@dataclass
class _Connection:
    """What a socket has come to: its room and visit once it is let in, and the tasks that run for it."""

    room: Room | None = None
    visit: Visit | None = None
    answering: bool = False
    expiry: asyncio.TimerHandle | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class SocketServer:
    """All sockets of this process."""

    def __init__(self, sessions: Sessions, settings: GatewaySettings) -> None:
        self._sessions = sessions
        self._settings = settings
        self._connections: dict[Socket, _Connection] = {}
        self._sockets: set[Socket] = set()
        self._all_gone = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._keepalive: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listens; raises OSError when the port is taken."""
        self._server = await ws_create_server(
            self._accept,
            self._settings.host,
            self._settings.socket_port,
            max_frame_size=FRAME_MAX_BYTES,
            enable_auto_pong=False,
            read_buffer_init_size=4096,
            logger_name=_quiet_logger(),
            backlog=1024,
        )
        self._keepalive = asyncio.create_task(self._keep_alive(), name="gateway-keepalive")

    async def stop(self) -> None:
        """Takes no more sockets, closes all with 1012 and returns when they are gone."""
        if self._server is None or self._keepalive is None:
            return
        self._server.close()
        self._keepalive.cancel()
        working = [task for connection in self._connections.values() for task in connection.tasks]
        for socket in list(self._connections):
            socket.close(CloseCode.GOING_AWAY, "the gateway restarts: reconnect from after_seq")
        await asyncio.gather(*working, self._keepalive, return_exceptions=True)
        if self._sockets:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.gateway_close_grace_seconds + 1):
                    await self._all_gone.wait()

    def opened(self, socket: Socket) -> None:
        """Begins the socket's session."""
        self._sockets.add(socket)
        self._all_gone.clear()
        instruments.SOCKETS.set(len(self._sockets))
        connection = self._connections[socket] = _Connection()
        self._run(connection, self._session(socket, connection))

    def received(self, socket: Socket) -> None:
        """Answers the socket's frames, one after the other, once it is let in."""
        connection = self._connections.get(socket)
        if connection is not None and connection.visit is not None and not connection.answering:
            connection.answering = True
            self._run(connection, self._answer(socket, connection, connection.visit))

    def closed(self, socket: Socket) -> None:
        """Takes the socket out of its room and ends what runs for it."""
        connection = self._connections.pop(socket, None)
        if connection is None:
            return
        if connection.expiry is not None:
            connection.expiry.cancel()
        if connection.room is not None:
            self._sessions.hub.leave(connection.room, socket)
        for task in connection.tasks:
            if task is not asyncio.current_task():
                task.cancel()

    def gone(self, socket: Socket) -> None:
        """Counts the socket out."""
        self._sockets.discard(socket)
        instruments.SOCKETS.set(len(self._sockets))
        if not self._sockets:
            self._all_gone.set()

    def _accept(self, request: WSUpgradeRequest) -> WSListener | None:
        return (
            Socket(self, self._settings, self._sessions.clock.monotonic) if is_socket(request.path) else None
        )

    def _run(self, connection: _Connection, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        connection.tasks.add(task)
        task.add_done_callback(connection.tasks.discard)

    async def _session(self, socket: Socket, connection: _Connection) -> None:
        try:
            self._check_room_for_one_more()
            asked = parameters(socket.request.path)
            headers = {name.lower(): value for name, value in socket.request.headers.items()}
            principal = authenticate(headers, asked.query, self._settings)
            connection.expiry = self._closing_at_expiry(socket, principal)
            socket.dialect = asked.dialect
            wish = Wish(asked.plan_id, asked.after_seq, principal)
            with bound(plan_id=asked.plan_id):
                connection.room, connection.visit = await self._sessions.admit(wish)
                socket.write(connection.visit.hello(), 1)
                if socket.inbox:
                    self.received(socket)
                await self._sessions.follow(connection.room, socket, asked.after_seq)
        except SocketClosed as error:
            socket.close(error.code, error.reason)
        except AgentbusError as error:
            told = closing(error)
            socket.close(told.code, told.reason)
        except Exception as error:  # noqa: BLE001  told to the client by its code, to us by the log
            _log.error("a socket's session failed", exc_info=error)
            socket.close(CloseCode.FAILED, "the gateway failed; reconnect from after_seq")

    def _closing_at_expiry(self, socket: Socket, principal: Principal) -> asyncio.TimerHandle | None:
        """Ends the socket with its token: whoever lost their access sees nothing more."""
        if principal.expires_at is None:
            return None
        left_seconds = principal.expires_at - self._sessions.clock.now().timestamp()
        reason = "the access token has expired; reconnect with a new one, from after_seq"
        return asyncio.get_running_loop().call_later(
            left_seconds, socket.close, CloseCode.NOT_AUTHENTICATED, reason
        )

    def _check_room_for_one_more(self) -> None:
        if len(self._sockets) > self._settings.gateway_sockets_limit:
            raise SocketClosed(CloseCode.UNAVAILABLE, "too many sockets here; try again later")

    async def _answer(self, socket: Socket, connection: _Connection, visit: Visit) -> None:
        try:
            while socket.inbox:
                answer = await self._outcome(socket.inbox[0], visit)
                if answer is not None:
                    socket.write(answer, 1)
                socket.inbox.popleft()
        finally:
            connection.answering = False

    async def _outcome(self, text: str, visit: Visit) -> bytes | None:
        outcome = "accepted"
        try:
            return await handle(read(text), visit)
        except AgentbusError as error:
            outcome = error.code
            return error_frame(error, visit.plan_id, visit.clock)
        except Exception as error:  # noqa: BLE001  one frame's failure is not the socket's
            outcome = "failed"
            _log.error("a client's frame failed", plan_id=visit.plan_id, exc_info=error)
            failed = Fatal("the gateway failed on this frame; send it again")
            return error_frame(failed, visit.plan_id, visit.clock)
        finally:
            instruments.CLIENT_FRAMES.labels(outcome).inc()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._settings.gateway_ping_interval_seconds)
            now = Pong(timestamp=format_timestamp(self._sessions.clock.now()))
            ping = frame("ping", now.model_dump())
            for socket in list(self._connections):
                socket.ping(ping)


def _quiet_logger() -> logging.Logger:
    """picows tells of every connection and every client's mistake; metrics count those."""
    logger = logging.getLogger("picows.server")
    logger.setLevel(logging.CRITICAL)
    return logger
