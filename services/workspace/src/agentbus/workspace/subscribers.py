"""The bus edges: outbox rows on to `workspace.changes`, and the tail of that topic to this process's streams.

Called by `app.py`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from agentbus.bus.codec import decode
from agentbus.bus.producer import Producer
from agentbus.bus.record import Outgoing, Record
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.contracts.topics import WORKSPACE_CHANGES
from agentbus.kernel.errors import Invalid
from agentbus.observability.log import get_logger
from agentbus.postgres.outbox import Pending
from agentbus.postgres.relay import Publish
from agentbus.workspace.instruments import SYNC_SECONDS
from agentbus.workspace.streams import Streams

_SCHEMA: Final = "workspace_change.v1"
_log = get_logger(__name__)


def publisher(producer: Producer, *, acknowledge_seconds: float) -> Publish:
    """Returns what publishes outbox rows, in each workspace's order; it raises Transient without Kafka."""

    async def publish(pending: Sequence[Pending]) -> None:
        records = [Outgoing(WORKSPACE_CHANGES, each.key, each.value, _headers(each)) for each in pending]
        await producer.send_all(records, timeout_seconds=acknowledge_seconds)

    return publish


def deliver(records: Sequence[Record], streams: Streams) -> None:
    """Hands changes to the streams that follow their collection. What cannot be read is logged, left out."""
    for record in records:
        try:
            change = decode(record.value)
            if streams.follows(change["workspace_id"], change["collection"]):
                streams.publish(change["workspace_id"], change["collection"], _event(change))
                age = datetime.now(UTC) - parse_timestamp(change["changed_at"])
                SYNC_SECONDS.observe(max(0.0, age.total_seconds()))
        except (Invalid, KeyError, TypeError, ValueError) as error:
            _log.error("not a change", partition=record.partition, offset=record.offset, reason=repr(error))


def _event(change: dict[str, Any]) -> bytes:
    return orjson.dumps({"documents": [change["document"]], "checkpoint": {"seq": change["seq"]}})


def _headers(pending: Pending) -> list[tuple[str, bytes]]:
    headers = [("content-type", b"application/json"), ("schema", _SCHEMA.encode())]
    return (
        headers if pending.traceparent is None else [*headers, ("traceparent", pending.traceparent.encode())]
    )
