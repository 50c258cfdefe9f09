"""The spans of what goes over the bus: `send` and `process`, each of a batch, and how the context crosses.

A record's traceparent is that of the span in which it came to be. A batch is sent and processed under the
first of its records whose trace is recorded, and linked to the others' traces. Names: OpenTelemetry's
conventions for messaging and Kafka. Called by the producer, the relay, `delivery` and `subscriber`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from agentbus.bus import instruments
from agentbus.bus.batch import Batch, Handler, Poison
from agentbus.bus.record import Outgoing
from agentbus.observability.metrics import observe
from agentbus.observability.tracing import first_recorded, parent_in, record, span, traceparent


@contextmanager
def sending(topic: str, records: Sequence[Outgoing] = ()) -> Iterator[None]:
    """Runs the block, which sends one record that is yet to be made or `records`, in their span."""
    parents = [parent_in(each.headers) for each in records]
    above = None if traceparent() else first_recorded(parents)
    about = _sent(topic, len(records) or 1)
    with span(f"send {topic}", "producer", parent=above, links=parents, **about):
        yield


class Sending:
    """Records that were handed over together, until Kafka has acknowledged all; then that is their span."""

    def __init__(self, records: Sequence[Outgoing]) -> None:
        self._topic = records[0].topic
        self._parents = [parent_in(each.headers) for each in records]
        self._left = len(records)
        self._began = time.perf_counter()

    def acknowledged(self) -> None:
        """Says that Kafka has one more of them."""
        self._left -= 1
        if self._left == 0:
            record(
                f"send {self._topic}",
                "producer",
                time.perf_counter() - self._began,
                parent=first_recorded(self._parents),
                links=self._parents,
                **_sent(self._topic, len(self._parents)),
            )


def processed(handler: Handler, group: str) -> Handler:
    """Returns `handler` with a span and a time for each of its tries."""

    async def handle(batch: Batch) -> Sequence[Poison]:
        parents = [parent_in(each.headers) for each in batch.records]
        about = _processed(batch, group)
        with span(
            f"process {batch.topic}", "consumer", parent=first_recorded(parents), links=parents, **about
        ):
            began = time.perf_counter()
            try:
                return await handler(batch)
            finally:
                seconds = time.perf_counter() - began
                observe(instruments.PROCESS_SECONDS.labels(batch.topic, group), seconds)

    return handle


def _sent(topic: str, count: int) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.batch.message_count": count,
    }


def _processed(batch: Batch, group: str) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": batch.topic,
        "messaging.destination.partition.id": str(batch.partition),
        "messaging.consumer.group.name": group,
        "messaging.kafka.offset": batch.records[0].offset,
        "messaging.batch.message_count": len(batch.records),
    }
