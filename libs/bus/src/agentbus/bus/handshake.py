"""aiokafka forgets the connection of a handshake that is cancelled; its socket then stays open for a while.

Called wherever a client of aiokafka is made that may be stopped while it starts.
"""

import asyncio
from typing import Final

from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]

_HANDSHAKE_SECONDS: Final = 1.0


def let_handshake_end(client: AIOKafkaClient) -> None:
    """Makes a cancelled `client.bootstrap` wait for Kafka's answer, for a second at most, before it ends."""
    bootstrap = client.bootstrap

    async def patient() -> None:
        handshake = asyncio.ensure_future(bootstrap())
        try:
            await asyncio.shield(handshake)
        except asyncio.CancelledError:
            await asyncio.wait([handshake], timeout=_HANDSHAKE_SECONDS)
            raise
        finally:
            handshake.cancel()

    client.bootstrap = patient
