"""Sending with acknowledgement. When `send` raises, the record is not sent later.

Called by services that publish directly (plan service, gateway) and by the outbox relay.
"""

from collections.abc import Sequence

from agentbus.bus.address import BusAddress
from agentbus.bus.record import Outgoing, Sent


class Producer:
    """An idempotent producer (`acks=all`) that survives outages by being rebuilt."""

    def __init__(self, address: BusAddress) -> None:
        self._address = address

    async def start(self) -> None:
        """Begins to connect in the background; does not fail while Kafka is down."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Sends what is accepted already, for a bounded time, and closes."""
        raise NotImplementedError

    async def send(
        self, topic: str, key: str, value: bytes | None, *, schema: str, timeout_seconds: float = 5.0
    ) -> Sent:
        """Sends one record and returns where it landed.

        Raises Transient when Kafka did not acknowledge it in time: then it is not sent later, though one
        that was on the wire may have been appended. Raises Invalid when it is larger than a topic takes.
        """
        raise NotImplementedError

    async def send_all(self, records: Sequence[Outgoing], *, timeout_seconds: float = 5.0) -> list[Sent]:
        """Sends records pipelined, keeping their order per key; returns when all are acknowledged.

        Raises as `send`; records of the batch may then have been appended or not, in order.
        """
        raise NotImplementedError
