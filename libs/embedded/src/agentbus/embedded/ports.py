"""Free ports of loopback, and who holds one that is not free."""

import random
import socket
from typing import Final

import psutil

from agentbus.embedded.errors import EmbeddedError, PortTaken

# Below Linux' ephemeral ports, so that no outgoing connection sits on one while its owner restarts.
_RANGE: Final = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Says whether a server could listen on `port` of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(taken: set[int]) -> int:
    """Returns a free port that is not in `taken`."""
    for port in random.sample(_RANGE, 500):
        if port not in taken and is_free(port):
            return port
    raise EmbeddedError(f"no free port between {_RANGE.start} and {_RANGE.stop} on this machine")


def require(port: int) -> None:
    """Raises PortTaken, with the holder where it can be seen, unless `port` is free."""
    if not is_free(port):
        raise PortTaken(
            f"port {port} is in use{_holder(port)}: choose another by --port N, or any free one by --port 0"
        )


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                process = psutil.Process(connection.pid)
                return f" by {process.name()} (process {process.pid})"
    except (psutil.Error, TypeError):
        pass
    return ""
