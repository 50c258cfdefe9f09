"""The WebSocket server: accepts connections, runs their sessions, keeps them alive, ends them in order.

Called by `app.py`. Every error of a session becomes a close code here, and every error of a client's frame an
`error_message`; nothing that a client sends stops another's socket.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from picows import WSListener, WSUpgradeRequest, ws_create_server

from agentbus.chassis.access.state import Change
from agentbus.chassis.auth import Scope
from agentbus.chassis.rates import address_of
from agentbus.contracts.frames import FRAME_MAX_BYTES, CloseCode, Pong
from agentbus.contracts.timestamps import format_timestamp
from agentbus.gateway.access import Badge, Entrance
from agentbus.gateway.conversation import answer_all
from agentbus.gateway.crowd import Crowd, Place
from agentbus.gateway.errors import SocketClosed, closing
from agentbus.gateway.handlers import Visit
from agentbus.gateway.listener import listen
from agentbus.gateway.routes import Kind, client_host, is_socket, parameters, wants_upgrade
from agentbus.gateway.settings import GatewaySettings
from agentbus.gateway.sockets import Socket
from agentbus.gateway.watch import AnySessions, Watch, Wish
from agentbus.gateway.wire import frame
from agentbus.kernel.errors import AgentbusError
from agentbus.observability.log import bound, get_logger
from agentbus.observability.tracing import record, span, traceparent

_SCOPES: Final[dict[Kind, Scope]] = {"plan": Scope.PLANS_READ, "workspace": Scope.WORKSPACE_READ}
_log = get_logger(__name__)


@dataclass
class _Connection:
    """What a socket has come to: its badge and watch once it is let in, and what runs for it."""

    place: Place
    badge: Badge | None = None
    watch: Watch | None = None
    answering: bool = False
    opening: str | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class SocketServer:
    """All sockets of this process."""

    def __init__(
        self, sessions: Mapping[Kind, AnySessions], entrance: Entrance, settings: GatewaySettings
    ) -> None:
        self._sessions = sessions
        self._entrance = entrance
        self._settings = settings
        self._crowd = Crowd(settings)
        self._connections: dict[Socket, _Connection] = {}
        self._sockets: dict[Socket, Place] = {}
        self._all_gone = asyncio.Event()
        self._forget_access: Callable[[], None] = lambda: None
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
            sock=listen(self._settings),
            websocket_handshake_timeout=self._settings.gateway_handshake_seconds,
            max_frame_size=FRAME_MAX_BYTES,
            enable_auto_pong=False,
            read_buffer_init_size=4096,
            logger_name=_quiet_logger(),
            backlog=1024,
        )
        self._forget_access = self._entrance.on_change(self._access_changed)
        self._keepalive = asyncio.create_task(self._keep_alive(), name="gateway-keepalive")

    async def stop(self) -> None:
        """Takes no more sockets, closes all with 1012 and returns when they are gone."""
        if self._server is None or self._keepalive is None:
            return
        self._server.close()
        self._forget_access()
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
        place = self._sockets[socket] = self._place(socket)
        self._all_gone.clear()
        connection = self._connections[socket] = _Connection(place)
        self._run(connection, self._session(socket, connection))

    def received(self, socket: Socket) -> None:
        """Answers the socket's frames, one after the other, once it is let in."""
        connection = self._connections.get(socket)
        if connection is not None and connection.watch is not None and not connection.answering:
            connection.answering = True
            self._run(connection, self._answer(socket, connection, connection.watch.visit))

    def closed(self, socket: Socket) -> None:
        """Takes the socket out of its room and ends what runs for it."""
        connection = self._connections.pop(socket, None)
        if connection is None:
            return
        self._tell_of(socket, connection)
        if connection.badge is not None:
            connection.badge.drop()
        if connection.watch is not None:
            connection.watch.leave(socket)
        for task in connection.tasks:
            if task is not asyncio.current_task():
                task.cancel()

    def gone(self, socket: Socket) -> None:
        """Counts the socket out."""
        self._crowd.leave(self._sockets.pop(socket))
        if not self._sockets:
            self._all_gone.set()

    def _accept(self, request: WSUpgradeRequest) -> WSListener | None:
        if not is_socket(request.path):
            return None
        if wants_upgrade(request.headers.get("connection", "")):
            request.headers["connection"] = "upgrade"
        return Socket(self, self._settings, self._entrance.clock.monotonic)

    def _run(self, connection: _Connection, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        connection.tasks.add(task)
        task.add_done_callback(connection.tasks.discard)

    async def _session(self, socket: Socket, connection: _Connection) -> None:
        try:
            await self._opening(socket, connection)
        except SocketClosed as error:
            socket.close(error.code, error.reason)
        except AgentbusError as error:
            told = closing(error)
            socket.close(told.code, told.reason)
        except Exception as error:  # noqa: BLE001  told to the client by its code, to us by the log
            _log.error("a socket's session failed", exc_info=error)
            socket.close(CloseCode.FAILED, "the gateway failed; reconnect from after_seq")

    async def _opening(self, socket: Socket, connection: _Connection) -> None:
        """Lets the socket in and brings it up to date, in a span that its end has as its parent."""
        with span("open socket", "server", parent=socket.request.headers.get("traceparent")) as current:
            connection.opening = traceparent()
            kind, wish = await self._let_in(socket, connection)
            current.set_attributes(wish.about)
            with bound(**wish.about):
                watch = connection.watch = await self._sessions[kind].admit(wish)
                socket.write(watch.visit.hello(), 1)
                if socket.inbox:
                    self.received(socket)
                await watch.follow(socket)

    def _tell_of(self, socket: Socket, connection: _Connection) -> None:
        record(
            "socket",
            "server",
            self._entrance.clock.monotonic() - socket.opened_at,
            parent=connection.opening,
            close_code=socket.close_code,
            frames=socket.sent_frames,
            bytes=socket.sent_bytes,
        )

    async def _let_in(self, socket: Socket, connection: _Connection) -> tuple[Kind, Wish]:
        """Raises SocketClosed and AgentbusError when this client may not watch, or not one more socket."""
        place = connection.place
        self._crowd.check(place)
        asked = parameters(socket.request.path)
        headers = {name.lower(): value for name, value in socket.request.headers.items()}
        address, scope = place.address if place.bounded else None, _SCOPES[asked.kind]
        who = await self._entrance.admit(headers, asked.query, address, scope)
        self._crowd.known(place, who)
        connection.badge = Badge(self._entrance, who, scope, socket.close)
        socket.dialect = asked.dialect
        return asked.kind, Wish(asked.key, asked.about, asked.after_seq, connection.badge)

    def _place(self, socket: Socket) -> Place:
        forwarded_for = ",".join(socket.request.headers.getall("x-forwarded-for", []))
        host = client_host(socket.peer, forwarded_for, self._settings.trusts)
        return self._crowd.enter(address_of({"client": (host, 0)}), bounded=not self._settings.trusts(host))

    def _access_changed(self, change: Change) -> None:
        for connection in list(self._connections.values()):
            if connection.badge is not None and change.concerns(connection.badge.principal):
                connection.badge.check()

    async def _answer(self, socket: Socket, connection: _Connection, visit: Visit) -> None:
        try:
            await answer_all(socket, visit)
        finally:
            connection.answering = False

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._settings.gateway_ping_interval_seconds)
            now = Pong(timestamp=format_timestamp(self._entrance.clock.now()))
            ping = frame("ping", now.model_dump())
            for socket in list(self._connections):
                socket.ping(ping)


def _quiet_logger() -> logging.Logger:
    """picows tells of every connection and every client's mistake; metrics count those."""
    logger = logging.getLogger("picows.server")
    logger.setLevel(logging.CRITICAL)
    return logger
