"""aiokafka forgets the connection of a handshake that is cancelled; its socket then stays open for a while.
It also keeps to itself why a handshake failed.

Called wherever a client of aiokafka is made.
"""

import asyncio
from typing import Final

from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]
from aiokafka.errors import KafkaConnectionError  # type: ignore[import-untyped]

from agentbus.bus.refusal import refusal

_HANDSHAKE_SECONDS: Final = 1.0


def let_handshake_end(client: AIOKafkaClient) -> None:
    """Makes a cancelled `client.bootstrap` wait for Kafka's answer, for a second at most, before it ends.

    When Kafka refuses the client, it raises RefusedError.
    """
    bootstrap = client.bootstrap

    async def explained() -> None:
        try:
            await bootstrap()
        except KafkaConnectionError as error:
            refused = await refusal(client)
            if refused is None:
                raise
            raise refused from error

    async def patient() -> None:
        handshake = asyncio.ensure_future(explained())
        try:
            await asyncio.shield(handshake)
        except asyncio.CancelledError:
            await asyncio.wait([handshake], timeout=_HANDSHAKE_SECONDS)
            raise
        finally:
            handshake.cancel()

    client.bootstrap = patient
