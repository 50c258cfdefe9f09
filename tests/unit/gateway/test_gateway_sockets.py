"""A socket that was closed is told so: whoever writes to it stops, and it does not enter a room again."""

from unittest.mock import Mock

import pytest

from agentbus.gateway.errors import SocketClosed
from agentbus.gateway.settings import GatewaySettings
from agentbus.gateway.sockets import Socket


async def test_a_socket_that_a_write_has_closed_is_not_drained() -> None:
    socket = Socket(Mock(), GatewaySettings(gateway_unsent_limit_bytes=1024), lambda: 0.0)
    transport = Mock(is_close_frame_sent=False)
    transport.underlying_transport.get_write_buffer_size.return_value = 1
    socket.on_ws_connected(transport)
    await socket.drained(1)
    socket.write(b"x" * 2000, 1)
    with pytest.raises(SocketClosed):
        await socket.drained(1)
