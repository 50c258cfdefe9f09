"""The listening TCP socket: a connection is counted from `accept` until it is closed, an upgrade or not.

Guarantee: whoever opens connections and says nothing takes no descriptors from the others: above the limits a
new connection is closed at once. picows then gives it `gateway_handshake_seconds`. Called by the server.
"""

import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

from agentbus.chassis.rates import address_of
from agentbus.gateway import instruments
from agentbus.gateway.settings import GatewaySettings


class _Connection(socket.socket):
    """A connection that says when it is closed."""

    _on_close: Callable[[], None] | None = None

    def when_closed(self, on_close: Callable[[], None]) -> None:
        self._on_close = on_close

    def close(self) -> None:
        on_close, self._on_close = self._on_close, None
        super().close()
        if on_close is not None:
            on_close()


class Listener(socket.socket):
    """A listening socket with limits; `accept` raises BlockingIOError for a connection above them."""

    def __init__(self, family: int, settings: GatewaySettings) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._settings = settings
        self._open: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        """Returns the next connection, counted; raises BlockingIOError when there is none to be had."""
        accepted, peer = super().accept()
        connection = _Connection(fileno=accepted.detach())
        if not self._may_enter(peer[0]):
            instruments.REFUSED.labels("connections").inc()
            connection.close()
            raise BlockingIOError
        address = address_of({"client": peer})
        self._open[address] += 1
        connection.when_closed(lambda: self._leave(address))
        return connection, peer

    def _may_enter(self, host: str) -> bool:
        most = self._settings.gateway_sockets_limit + self._settings.gateway_handshakes_limit
        if self._open.total() >= most:
            return False
        address = address_of({"client": (host, 0)})
        return self._settings.trusts(host) or self._open[address] < self._settings.gateway_sockets_per_address

    def _leave(self, address: str) -> None:
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


def listen(settings: GatewaySettings) -> Listener:
    """Returns the listening socket of `host` and `socket_port`; raises OSError when the port is taken."""
    found = socket.getaddrinfo(settings.host, settings.socket_port, type=socket.SOCK_STREAM)
    family, _, _, _, address = found[0]
    listener = Listener(family, settings)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
