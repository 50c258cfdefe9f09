"""The edge to the bus: changes of alerts on to `telemetry.alerts`. Called by the relay."""

from collections.abc import Sequence
from typing import Final

from agentbus.bus.codec import record_headers
from agentbus.bus.producer import Producer
from agentbus.bus.record import Outgoing
from agentbus.contracts.topics import TELEMETRY_ALERTS
from agentbus.postgres.outbox import Pending
from agentbus.postgres.relay import Publish

_ACKNOWLEDGE_SECONDS: Final = 15.0
_HEADERS: Final = record_headers("alert_change.v1")


def publisher(producer: Producer) -> Publish:
    """Returns what publishes outbox rows, each alert's in order; it raises Transient without Kafka."""

    async def publish(pending: Sequence[Pending]) -> None:
        records = [Outgoing(TELEMETRY_ALERTS, each.key, each.value, _HEADERS) for each in pending]
        await producer.send_all(records, timeout_seconds=_ACKNOWLEDGE_SECONDS)

    return publish
